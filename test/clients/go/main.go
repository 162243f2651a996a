// Command peer drives a Kubernetes API server through client-go, as controllers do.
//
//	peer KUBECONFIG TASK [json|protobuf]
//
// prints a line for each thing it sees; exit code 1 and a line on standard error when
// something is not as a Kubernetes API server does it. A task that follows a server
// (informer, metadata-informer) ends when its standard input ends.
package main

import (
	"context"
	"fmt"
	"io"
	"os"

	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/klog/v2"
)

const namespace = "go"

var tasks = map[string]func(context.Context, *rest.Config) error{
	"apply":             applyOwned,
	"typed":             typed,
	"errors":            failures,
	"pages":             pages,
	"conflicts":         conflicts,
	"dynamic":           anyKind,
	"metadata":          metadataOnly,
	"discovery":         discover,
	"watches":           watches,
	"leader":            leader,
	"informer":          informer,
	"metadata-informer": metadataInformer,
}

func main() {
	klog.SetOutput(os.Stderr)
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(arguments []string) error {
	if len(arguments) < 2 {
		return fmt.Errorf("usage: peer KUBECONFIG TASK [json|protobuf]")
	}
	task, known := tasks[arguments[1]]
	if !known {
		return fmt.Errorf("there is no task %s", arguments[1])
	}
	config, err := clientcmd.BuildConfigFromFlags("", arguments[0])
	if err != nil {
		return err
	}
	config.QPS = -1
	if len(arguments) > 2 && arguments[2] == "protobuf" {
		config.ContentType = runtime.ContentTypeProtobuf
		config.AcceptContentTypes = runtime.ContentTypeProtobuf
	}
	return task(context.Background(), config)
}

// untilInputEnds is how the test ends a task that would go on.
func untilInputEnds() {
	_, _ = io.Copy(io.Discard, os.Stdin)
}

func say(format string, values ...any) {
	fmt.Printf(format+"\n", values...)
}

// expect turns a difference into an error.
func expect[T comparable](what string, actual, expected T) error {
	if actual == expected {
		return nil
	}
	return fmt.Errorf("%s: %v instead of %v", what, actual, expected)
}
