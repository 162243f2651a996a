package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/metadata"
	"k8s.io/client-go/metadata/metadatainformer"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/cache"
	"k8s.io/client-go/tools/leaderelection"
	"k8s.io/client-go/tools/leaderelection/resourcelock"
)

// informer prints what a shared informer of secrets tells, until its input ends.
func informer(ctx context.Context, config *rest.Config) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	factory := informers.NewSharedInformerFactoryWithOptions(
		kubernetes.NewForConfigOrDie(config), 0, informers.WithNamespace(namespace))
	return follow(ctx, factory.Core().V1().Secrets().Informer(), func(object any) string {
		secret := object.(*corev1.Secret)
		return fmt.Sprintf("%s k=%s", secret.Name, secret.Data["k"])
	})
}

// metadataInformer does the same with partial metadata.
func metadataInformer(ctx context.Context, config *rest.Config) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	factory := metadatainformer.NewFilteredSharedInformerFactory(
		metadata.NewForConfigOrDie(config), 0, namespace, nil)
	return follow(ctx, factory.ForResource(secretResource).Informer(), func(object any) string {
		return object.(*metav1.PartialObjectMetadata).Name
	})
}

func follow(ctx context.Context, shared cache.SharedIndexInformer, describe func(any) string) error {
	_, err := shared.AddEventHandler(cache.ResourceEventHandlerFuncs{
		AddFunc:    func(object any) { say("add %s", describe(object)) },
		UpdateFunc: func(_, object any) { say("update %s", describe(object)) },
		DeleteFunc: func(object any) {
			if unknown, ok := object.(cache.DeletedFinalStateUnknown); ok {
				object = unknown.Obj
			}
			say("delete %s", describe(object))
		},
	})
	if err != nil {
		return err
	}
	go shared.Run(ctx.Done())
	if !cache.WaitForCacheSync(ctx.Done(), shared.HasSynced) {
		return fmt.Errorf("the informer never had its first state")
	}
	names := shared.GetStore().ListKeys()
	slices.Sort(names)
	say("synced %s", strings.Join(names, " "))
	untilInputEnds()
	return nil
}

// watches opens watches in the ways in which reflectors do, and prints the types of the first events.
func watches(ctx context.Context, config *rest.Config) error {
	secrets := kubernetes.NewForConfigOrDie(config).CoreV1().Secrets(namespace)
	if _, err := secrets.Create(ctx, secret("watched", map[string]string{"k": "1"}), metav1.CreateOptions{}); err != nil {
		return err
	}
	yes := true
	only := "metadata.name=watched"
	list, err := secrets.List(ctx, metav1.ListOptions{FieldSelector: only})
	if err != nil {
		return err
	}
	streams := map[string]metav1.ListOptions{
		"state":      {FieldSelector: only},
		"cached":     {FieldSelector: only, ResourceVersion: "0"},
		"watch-list": {FieldSelector: only, SendInitialEvents: &yes, ResourceVersionMatch: metav1.ResourceVersionMatchNotOlderThan, AllowWatchBookmarks: true},
		"since":      {FieldSelector: only, ResourceVersion: list.ResourceVersion},
	}
	for _, name := range []string{"state", "cached", "watch-list", "since"} {
		stream, err := secrets.Watch(ctx, streams[name])
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		if name == "since" {
			// After the last list: a change brings the first event.
			if err := secrets.Delete(ctx, "watched", metav1.DeleteOptions{}); err != nil {
				return err
			}
		}
		first := next(stream)
		if name == "watch-list" {
			mark := next(stream)
			first += " then " + mark
		}
		say("%s: %s", name, first)
		stream.Stop()
	}
	return nil
}

func next(stream watch.Interface) string {
	event := <-stream.ResultChan()
	object, ok := event.Object.(*corev1.Secret)
	if !ok {
		return fmt.Sprintf("%s %T", event.Type, event.Object)
	}
	if event.Type == watch.Bookmark {
		return fmt.Sprintf("BOOKMARK end of the state: %s", object.Annotations[metav1.InitialEventsAnnotationKey])
	}
	return fmt.Sprintf("%s %s k=%s", event.Type, object.Name, object.Data["k"])
}

// leader lets two candidates compete for a Lease; when the first gives up, the second leads.
func leader(ctx context.Context, config *rest.Config) error {
	client := kubernetes.NewForConfigOrDie(config)
	first, giveUp := context.WithCancel(ctx)
	defer giveUp()
	leading := make(chan string)
	go campaign(first, client, "first", leading)
	say("%s leads", <-leading)
	second, stop := context.WithCancel(ctx)
	defer stop()
	go campaign(second, client, "second", leading)
	giveUp()
	say("%s leads", <-leading)
	lease, err := client.CoordinationV1().Leases(namespace).Get(ctx, "leader", metav1.GetOptions{})
	if err != nil {
		return err
	}
	say("the lease is held by %s", *lease.Spec.HolderIdentity)
	return nil
}

func campaign(ctx context.Context, client kubernetes.Interface, name string, leading chan<- string) {
	leaderelection.RunOrDie(ctx, leaderelection.LeaderElectionConfig{
		Lock: &resourcelock.LeaseLock{
			LeaseMeta:  metav1.ObjectMeta{Name: "leader", Namespace: namespace},
			Client:     client.CoordinationV1(),
			LockConfig: resourcelock.ResourceLockConfig{Identity: name},
		},
		ReleaseOnCancel: true,
		LeaseDuration:   3 * time.Second,
		RenewDeadline:   2 * time.Second,
		RetryPeriod:     100 * time.Millisecond,
		Callbacks: leaderelection.LeaderCallbacks{
			OnStartedLeading: func(context.Context) { leading <- name },
			OnStoppedLeading: func() {},
		},
	})
}
