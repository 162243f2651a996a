package main

import (
	"context"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/discovery/cached/memory"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/metadata"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/restmapper"
)

var secretResource = schema.GroupVersionResource{Version: "v1", Resource: "secrets"}

// anyKind uses the dynamic client: objects are maps.
func anyKind(ctx context.Context, config *rest.Config) error {
	secrets := dynamic.NewForConfigOrDie(config).Resource(secretResource).Namespace(namespace)
	object := &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "v1",
		"kind":       "Secret",
		"metadata":   map[string]any{"name": "dynamic"},
		"stringData": map[string]any{"a": "1"},
	}}
	made, err := secrets.Create(ctx, object, metav1.CreateOptions{})
	if err != nil {
		return err
	}
	value, _, _ := unstructured.NestedString(made.Object, "data", "a")
	say("created %s a=%s", made.GetName(), value)
	if err := unstructured.SetNestedField(made.Object, "Mg==", "data", "a"); err != nil {
		return err
	}
	if _, err = secrets.Update(ctx, made, metav1.UpdateOptions{}); err != nil {
		return err
	}
	patched, err := secrets.Patch(ctx, "dynamic", types.JSONPatchType, []byte(`[{"op":"add","path":"/data/b","value":"Mw=="}]`), metav1.PatchOptions{})
	if err != nil {
		return err
	}
	values, _, _ := unstructured.NestedStringMap(patched.Object, "data")
	say("patched a=%s b=%s", values["a"], values["b"])
	list, err := secrets.List(ctx, metav1.ListOptions{FieldSelector: "metadata.name=dynamic"})
	if err != nil {
		return err
	}
	say("listed %d of %s", len(list.Items), list.GetKind())
	return secrets.Delete(ctx, "dynamic", metav1.DeleteOptions{})
}

// metadataOnly uses the client that asks for partial metadata.
func metadataOnly(ctx context.Context, config *rest.Config) error {
	if err := createWith(ctx, config, "meta"); err != nil {
		return err
	}
	secrets := metadata.NewForConfigOrDie(config).Resource(secretResource).Namespace(namespace)
	one, err := secrets.Get(ctx, "meta", metav1.GetOptions{})
	if err != nil {
		return err
	}
	say("read %s with a uid: %t", one.Name, one.UID != "")
	labelled, err := secrets.Patch(ctx, "meta", types.MergePatchType, []byte(`{"metadata":{"labels":{"l":"m"}}}`), metav1.PatchOptions{})
	if err != nil {
		return err
	}
	say("labelled l=%s", labelled.Labels["l"])
	list, err := secrets.List(ctx, metav1.ListOptions{LabelSelector: "l=m"})
	if err != nil {
		return err
	}
	say("listed %d with a version: %t", len(list.Items), list.ResourceVersion != "")
	return secrets.Delete(ctx, "meta", metav1.DeleteOptions{})
}

func createWith(ctx context.Context, config *rest.Config, name string) error {
	secrets := dynamic.NewForConfigOrDie(config).Resource(secretResource).Namespace(namespace)
	object := &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "v1", "kind": "Secret", "metadata": map[string]any{"name": name}, "stringData": map[string]any{"a": "1"},
	}}
	_, err := secrets.Create(ctx, object, metav1.CreateOptions{})
	return err
}

// discover asks what is served, in the ways in which controllers and tools do.
func discover(_ context.Context, config *rest.Config) error {
	client := discovery.NewDiscoveryClientForConfigOrDie(config)
	version, err := client.ServerVersion()
	if err != nil {
		return err
	}
	say("version %s.%s", version.Major, version.Minor)
	_, lists, err := client.ServerGroupsAndResources()
	if err != nil {
		return err
	}
	for _, list := range lists {
		for _, resource := range list.APIResources {
			if resource.Name == "secrets" {
				say("%s %s %s namespaced %t: %s", list.GroupVersion, resource.Name, resource.Kind, resource.Namespaced, strings.Join(resource.Verbs, " "))
			}
		}
	}
	mapper := restmapper.NewDeferredDiscoveryRESTMapper(memory.NewMemCacheClient(client))
	mapping, err := mapper.RESTMapping(schema.GroupKind{Kind: "Secret"})
	if err != nil {
		return err
	}
	say("mapped Secret to %s by %s", mapping.Resource.Resource, mapping.Scope.Name())
	paths, err := client.OpenAPIV3().Paths()
	if err != nil {
		return err
	}
	document, err := paths["api/v1"].Schema("application/json")
	if err != nil {
		return err
	}
	say("OpenAPI v3 tells of secrets: %t", strings.Contains(string(document), "/api/v1/namespaces/{namespace}/secrets"))
	two, err := client.OpenAPISchema()
	if err != nil {
		return err
	}
	say("OpenAPI %s", two.Swagger)
	return nil
}
