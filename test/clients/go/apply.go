package main

import (
	"context"
	"errors"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	apply "k8s.io/client-go/applyconfigurations/core/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
)

// applyOwned applies a configuration as one manager, meets another's conflict, forces, and reads back what it owns.
func applyOwned(ctx context.Context, config *rest.Config) error {
	secrets := kubernetes.NewForConfigOrDie(config).CoreV1().Secrets(namespace)
	wanted := func(value string) *apply.SecretApplyConfiguration {
		return apply.Secret("applied", namespace).WithLabels(map[string]string{"app": "web"}).
			WithData(map[string][]byte{"k": []byte(value)})
	}
	first, err := secrets.Apply(ctx, wanted("1"), metav1.ApplyOptions{FieldManager: "first"})
	if err != nil {
		return err
	}
	say("applied k=%s", first.Data["k"])
	_, err = secrets.Apply(ctx, wanted("2"), metav1.ApplyOptions{FieldManager: "second"})
	say("Conflict %t, told by field %t", apierrors.IsConflict(err),
		apierrors.HasStatusCause(err, metav1.CauseTypeFieldManagerConflict))
	forced, err := secrets.Apply(ctx, wanted("2"), metav1.ApplyOptions{FieldManager: "second", Force: true})
	if err != nil {
		return err
	}
	say("forced k=%s", forced.Data["k"])
	owned, err := apply.ExtractSecret(forced, "second")
	if err != nil {
		return err
	}
	if err := errors.Join(
		expect("owned values", len(owned.Data), 1),
		expect("owned labels", owned.Labels["app"], "web"),
	); err != nil {
		return err
	}
	again, err := secrets.Apply(ctx, owned, metav1.ApplyOptions{FieldManager: "second"})
	if err != nil {
		return err
	}
	say("an equal configuration changes nothing: %t", again.ResourceVersion == forced.ResourceVersion)
	return nil
}
