package main

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/pager"
	"k8s.io/client-go/util/retry"
)

func secret(name string, values map[string]string) *corev1.Secret {
	return &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Name: name}, StringData: values}
}

// typed creates, reads, changes, lists and deletes a secret; each answer is decoded into its Go type.
func typed(ctx context.Context, config *rest.Config) error {
	secrets := kubernetes.NewForConfigOrDie(config).CoreV1().Secrets(namespace)
	made, err := secrets.Create(ctx, secret("typed", map[string]string{"user": "ann"}), metav1.CreateOptions{})
	if err != nil {
		return err
	}
	say("created %s %s %s=%s", made.Name, made.Type, "user", made.Data["user"])
	read, err := secrets.Get(ctx, "typed", metav1.GetOptions{})
	if err != nil {
		return err
	}
	if err := errors.Join(
		expect("uid", read.UID, made.UID),
		expect("resourceVersion", read.ResourceVersion, made.ResourceVersion),
		expect("creationTimestamp", read.CreationTimestamp.String(), made.CreationTimestamp.String()),
	); err != nil {
		return err
	}
	read.Data["user"] = []byte("bob")
	updated, err := secrets.Update(ctx, read, metav1.UpdateOptions{})
	if err != nil {
		return err
	}
	say("updated user=%s", updated.Data["user"])
	same, err := secrets.Update(ctx, updated, metav1.UpdateOptions{})
	if err != nil {
		return err
	}
	if err := expect("resourceVersion of an equal update", same.ResourceVersion, updated.ResourceVersion); err != nil {
		return err
	}
	patch := []byte(`{"stringData":{"more":"1"},"metadata":{"labels":{"app":"web"}}}`)
	patched, err := secrets.Patch(ctx, "typed", types.StrategicMergePatchType, patch, metav1.PatchOptions{})
	if err != nil {
		return err
	}
	say("patched %d values", len(patched.Data))
	list, err := secrets.List(ctx, metav1.ListOptions{LabelSelector: "app=web"})
	if err != nil {
		return err
	}
	say("listed %d", len(list.Items))
	background := metav1.DeletePropagationBackground
	uid := patched.UID
	err = secrets.Delete(ctx, "typed", metav1.DeleteOptions{
		PropagationPolicy: &background,
		Preconditions:     &metav1.Preconditions{UID: &uid},
	})
	if err != nil {
		return err
	}
	_, err = secrets.Get(ctx, "typed", metav1.GetOptions{})
	say("deleted, so not found: %t", apierrors.IsNotFound(err))
	return secrets.DeleteCollection(ctx, metav1.DeleteOptions{}, metav1.ListOptions{LabelSelector: "app=web"})
}

// failures asks for what must fail; client-go must know each failure for what it is.
func failures(ctx context.Context, config *rest.Config) error {
	client := kubernetes.NewForConfigOrDie(config)
	secrets := client.CoreV1().Secrets(namespace)
	made, err := secrets.Create(ctx, secret("failing", nil), metav1.CreateOptions{})
	if err != nil {
		return err
	}
	_, err = secrets.Create(ctx, secret("failing", nil), metav1.CreateOptions{})
	say("AlreadyExists %t", apierrors.IsAlreadyExists(err))
	_, err = secrets.Create(ctx, secret("Bad_Name", nil), metav1.CreateOptions{})
	say("Invalid %t, causes %t", apierrors.IsInvalid(err), apierrors.HasStatusCause(err, metav1.CauseTypeFieldValueInvalid))
	_, err = secrets.Get(ctx, "absent", metav1.GetOptions{})
	say("NotFound %t", apierrors.IsNotFound(err))
	_, err = client.CoreV1().Secrets("absent").Create(ctx, secret("a", nil), metav1.CreateOptions{})
	say("NotFound %t", apierrors.IsNotFound(err))
	stale := made.DeepCopy()
	made.Data = map[string][]byte{"a": []byte("1")}
	if _, err = secrets.Update(ctx, made, metav1.UpdateOptions{}); err != nil {
		return err
	}
	_, err = secrets.Update(ctx, stale, metav1.UpdateOptions{})
	say("Conflict %t", apierrors.IsConflict(err))
	_, err = secrets.List(ctx, metav1.ListOptions{FieldSelector: "spec.x=1"})
	say("BadRequest %t", apierrors.IsBadRequest(err))
	// Without the ten attempts that client-go makes of its own, each of which the server lets wait for seconds.
	err = client.CoreV1().RESTClient().Get().Namespace(namespace).Resource("secrets").MaxRetries(0).
		Param("resourceVersion", "999999999").Param("resourceVersionMatch", "NotOlderThan").Do(ctx).Error()
	say("Timeout %t, too large %t", apierrors.IsTimeout(err), apierrors.HasStatusCause(err, metav1.CauseTypeResourceVersionTooLarge))
	wrong := types.UID("00000000-0000-0000-0000-000000000000")
	err = secrets.Delete(ctx, "failing", metav1.DeleteOptions{Preconditions: &metav1.Preconditions{UID: &wrong}})
	say("Conflict %t", apierrors.IsConflict(err))
	generated, err := secrets.Create(ctx, &corev1.Secret{ObjectMeta: metav1.ObjectMeta{GenerateName: "made-"}}, metav1.CreateOptions{})
	if err != nil {
		return err
	}
	say("generated %t", strings.HasPrefix(generated.Name, "made-") && len(generated.Name) == 10)
	return nil
}

// pages lists in pages, with the pager that reflectors use.
func pages(ctx context.Context, config *rest.Config) error {
	secrets := kubernetes.NewForConfigOrDie(config).CoreV1().Secrets(namespace)
	for number := range 7 {
		if _, err := secrets.Create(ctx, secret("page-"+strconv.Itoa(number), nil), metav1.CreateOptions{}); err != nil {
			return err
		}
	}
	lists := 0
	chunked := pager.New(func(ctx context.Context, options metav1.ListOptions) (runtime.Object, error) {
		lists++
		return secrets.List(ctx, options)
	})
	chunked.PageSize = 3
	names := []string{}
	err := chunked.EachListItem(ctx, metav1.ListOptions{}, func(object runtime.Object) error {
		if name := object.(*corev1.Secret).Name; strings.HasPrefix(name, "page-") {
			names = append(names, name)
		}
		return nil
	})
	if err != nil {
		return err
	}
	say("%s in more than one list: %t", strings.Join(names, " "), lists > 1)
	return nil
}

// conflicts counts up in one secret from several sides, each trying again after a conflict.
func conflicts(ctx context.Context, config *rest.Config) error {
	secrets := kubernetes.NewForConfigOrDie(config).CoreV1().Secrets(namespace)
	if _, err := secrets.Create(ctx, secret("counter", map[string]string{"n": "0"}), metav1.CreateOptions{}); err != nil {
		return err
	}
	const sides, times = 3, 5
	patient := retry.DefaultBackoff
	patient.Steps = 100
	failed := make([]error, sides)
	var all sync.WaitGroup
	for side := range sides {
		all.Go(func() {
			for range times {
				err := retry.RetryOnConflict(patient, func() error { return countUp(ctx, config) })
				failed[side] = errors.Join(failed[side], err)
			}
		})
	}
	all.Wait()
	counter, err := secrets.Get(ctx, "counter", metav1.GetOptions{})
	if err != nil {
		return err
	}
	say("counted to %s", counter.Data["n"])
	return errors.Join(failed...)
}

func countUp(ctx context.Context, config *rest.Config) error {
	secrets := kubernetes.NewForConfigOrDie(config).CoreV1().Secrets(namespace)
	counter, err := secrets.Get(ctx, "counter", metav1.GetOptions{})
	if err != nil {
		return err
	}
	number, err := strconv.Atoi(string(counter.Data["n"]))
	if err != nil {
		return fmt.Errorf("the counter is %q: %w", counter.Data["n"], err)
	}
	counter.Data["n"] = []byte(strconv.Itoa(number + 1))
	_, err = secrets.Update(ctx, counter, metav1.UpdateOptions{})
	return err
}
