// Command schema-tables writes the tables of src/doors/kubernetes/schema/tables:
// names, order, protobuf numbers, types, list types and merge keys of the messages
// that the served kinds consist of. It reads them off the published Go types by
// reflection and off the published OpenAPI document; it copies no text.
//
//	go run . -openapi swagger.json -openapi3 v3/api__v1_openapi.json -out ../../src/doors/kubernetes/schema/tables
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"reflect"
	"sort"
	"strings"

	admissionregistration "k8s.io/api/admissionregistration/v1"
	authentication "k8s.io/api/authentication/v1"
	authorization "k8s.io/api/authorization/v1"
	coordination "k8s.io/api/coordination/v1"
	core "k8s.io/api/core/v1"
	events "k8s.io/api/events/v1"
	rbac "k8s.io/api/rbac/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/intstr"
)

// roots are the objects and lists from which every other message is reached.
var roots = []any{
	admissionregistration.ValidatingAdmissionPolicy{}, admissionregistration.ValidatingAdmissionPolicyList{},
	admissionregistration.ValidatingAdmissionPolicyBinding{}, admissionregistration.ValidatingAdmissionPolicyBindingList{},
	authentication.SelfSubjectReview{}, authentication.TokenRequest{}, authentication.TokenReview{},
	authorization.LocalSubjectAccessReview{},
	authorization.SelfSubjectAccessReview{},
	authorization.SelfSubjectRulesReview{},
	authorization.SubjectAccessReview{},
	core.Binding{},
	core.ConfigMap{}, core.ConfigMapList{},
	core.Event{}, core.EventList{},
	core.Node{}, core.NodeList{},
	core.Pod{}, core.PodList{},
	core.ResourceQuota{}, core.ResourceQuotaList{},
	core.ServiceAccount{}, core.ServiceAccountList{},
	coordination.Lease{}, coordination.LeaseList{},
	events.Event{}, events.EventList{},
	rbac.ClusterRole{}, rbac.ClusterRoleList{},
	rbac.ClusterRoleBinding{}, rbac.ClusterRoleBindingList{},
	rbac.Role{}, rbac.RoleList{},
	rbac.RoleBinding{}, rbac.RoleBindingList{},
}

// Messages written by hand in schema/meta-v1.ts.
var handWritten = map[reflect.Type]bool{
	reflect.TypeFor[meta.ObjectMeta](): true,
	reflect.TypeFor[meta.ListMeta]():   true,
}

var wrapped = map[reflect.Type]string{
	reflect.TypeFor[meta.Time]():            "time",
	reflect.TypeFor[meta.MicroTime]():       "microTime",
	reflect.TypeFor[resource.Quantity]():    "quantity",
	reflect.TypeFor[intstr.IntOrString]():   "intOrString",
	reflect.TypeFor[meta.FieldsV1]():        "fieldsV1",
	reflect.TypeFor[runtime.RawExtension](): "rawExtension",
}

var scalars = map[reflect.Kind]string{
	reflect.String: "string", reflect.Bool: "bool", reflect.Int32: "int32",
	reflect.Int64: "int64", reflect.Float64: "double",
}

// definition is what is read of a schema of the OpenAPI document.
type definition struct {
	Required   []string            `json:"required"`
	Properties map[string]property `json:"properties"`
	MapType    string              `json:"x-kubernetes-map-type"`
}

type property struct {
	Default  any      `json:"default"`
	ListType string   `json:"x-kubernetes-list-type"`
	MapKeys  []string `json:"x-kubernetes-list-map-keys"`
	MapType  string   `json:"x-kubernetes-map-type"`
}

func main() {
	openAPI := flag.String("openapi", "", "the OpenAPI 2 document of the release")
	openAPI3 := flag.String("openapi3", "", "the OpenAPI 3 document of the core group, which alone has defaults")
	out := flag.String("out", "", "where the tables go")
	flag.Parse()
	text, err := os.ReadFile(*openAPI)
	if err != nil {
		log.Fatal(err)
	}
	var document struct {
		Definitions map[string]definition `json:"definitions"`
	}
	if err := json.Unmarshal(text, &document); err != nil {
		log.Fatal(err)
	}
	if text, err = os.ReadFile(*openAPI3); err != nil {
		log.Fatal(err)
	}
	var defaults struct {
		Components struct {
			Schemas map[string]definition `json:"schemas"`
		} `json:"components"`
	}
	if err := json.Unmarshal(text, &defaults); err != nil {
		log.Fatal(err)
	}
	for name, schema := range defaults.Components.Schemas {
		for field, p := range schema.Properties {
			// What is Go's zero value anyway says nothing.
			if known, ok := document.Definitions[name].Properties[field]; ok && p.Default != "" {
				known.Default = p.Default
				document.Definitions[name].Properties[field] = known
			}
		}
	}
	g := generator{definitions: document.Definitions, messages: map[string]map[string]string{}, seen: map[reflect.Type]bool{}}
	for _, root := range roots {
		g.message(reflect.TypeOf(root))
	}
	for name, messages := range g.messages {
		if err := os.WriteFile(filepath.Join(*out, name+".ts"), []byte(file(name, messages)), 0o644); err != nil {
			log.Fatal(err)
		}
	}
}

func file(name string, messages map[string]string) string {
	names := make([]string, 0, len(messages))
	for message := range messages {
		names = append(names, message)
	}
	sort.Strings(names)
	var b strings.Builder
	fmt.Fprintf(&b, "/** Generated by scripts/schema-tables; the form is described in schema/message-table.ts. */\n")
	fmt.Fprintf(&b, "export const %s = `\n", camel(name))
	for _, message := range names {
		b.WriteString(messages[message])
	}
	b.WriteString("`;\n")
	return b.String()
}

// camel makes `core-v1` into `coreV1Table`.
func camel(name string) string {
	parts := strings.Split(name, "-")
	for i := 1; i < len(parts); i++ {
		parts[i] = strings.ToUpper(parts[i][:1]) + parts[i][1:]
	}
	return strings.Join(parts, "") + "Table"
}

type generator struct {
	definitions map[string]definition
	messages    map[string]map[string]string
	seen        map[reflect.Type]bool
}

func packageName(t reflect.Type) string {
	parts := strings.Split(t.PkgPath(), "/")
	return parts[len(parts)-2] + "-" + parts[len(parts)-1]
}

func definitionName(t reflect.Type) string {
	path := t.PkgPath()
	for from, to := range map[string]string{"k8s.io/apimachinery/": "io.k8s.apimachinery.", "k8s.io/api/": "io.k8s.api."} {
		if strings.HasPrefix(path, from) {
			return to + strings.ReplaceAll(strings.TrimPrefix(path, from), "/", ".") + "." + t.Name()
		}
	}
	log.Fatalf("unknown package %s", path)
	return ""
}

func (g *generator) message(t reflect.Type) {
	if g.seen[t] || handWritten[t] {
		return
	}
	g.seen[t] = true
	d, ok := g.definitions[definitionName(t)]
	if !ok {
		log.Fatalf("no definition %s", definitionName(t))
	}
	var b strings.Builder
	fmt.Fprintf(&b, "\n%s", t.Name())
	if d.MapType != "" {
		fmt.Fprintf(&b, " %s", d.MapType)
	}
	b.WriteString("\n")
	g.fields(&b, t, d, "")
	p := packageName(t)
	if g.messages[p] == nil {
		g.messages[p] = map[string]string{}
	}
	g.messages[p][t.Name()] = b.String()
}

// fields writes one line per field; those of an embedded message carry its number before their own.
func (g *generator) fields(b *strings.Builder, t reflect.Type, d definition, within string) {
	for i := range t.NumField() {
		f := t.Field(i)
		name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		number := protobufNumber(f)
		if name == "" {
			if number == "" {
				continue // TypeMeta
			}
			if f.Type.Kind() != reflect.Struct {
				log.Fatalf("%s.%s: only structs are embedded", t, f.Name)
			}
			g.fields(b, f.Type, d, within+number+".")
			continue
		}
		fmt.Fprintf(b, "%s %s%s %s", name, within, number, g.typeName(f.Type, t))
		property := d.Properties[name]
		if value, ok := keyDefaults[t.Name()+"."+name]; ok {
			property.Default = value
		}
		for _, flag := range flags(f, options, property, contains(d.Required, name)) {
			fmt.Fprintf(b, " %s", flag)
		}
		b.WriteString("\n")
	}
}

func protobufNumber(f reflect.StructField) string {
	parts := strings.Split(f.Tag.Get("protobuf"), ",")
	if len(parts) < 2 {
		return ""
	}
	return parts[1]
}

// typeName names the type and makes sure that the messages in it are written, too.
func (g *generator) typeName(t, from reflect.Type) string {
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if name, ok := wrapped[t]; ok {
		return name
	}
	switch t.Kind() {
	case reflect.Struct:
		g.message(t)
		if t.PkgPath() == from.PkgPath() {
			return t.Name()
		}
		return packageName(t) + "." + t.Name()
	case reflect.Slice:
		if t.Elem().Kind() == reflect.Uint8 {
			return "bytes"
		}
		return "[]" + g.typeName(t.Elem(), from)
	case reflect.Map:
		return "{}" + g.typeName(t.Elem(), from)
	}
	name, ok := scalars[t.Kind()]
	if !ok {
		log.Fatalf("unknown type %s", t)
	}
	return name
}

// keyDefaults are the defaults of fields that tell items of a list apart where they are zero values: server-side apply
// reads them where an item leaves the field out.
var keyDefaults = map[string]any{"LocalObjectReference.name": ""}

func flags(f reflect.StructField, options string, p property, required bool) []string {
	var found []string
	t, kind := f.Type, f.Type.Kind()
	omitted := strings.Contains(options, "omitempty") && kind != reflect.Struct || strings.Contains(options, "omitzero")
	switch {
	case kind == reflect.Pointer:
		found = append(found, "optional")
		if !omitted {
			found = append(found, "nullable")
		}
		t = t.Elem()
	case !omitted && (kind == reflect.Slice || kind == reflect.Map) && f.Name != "Items":
		found = append(found, "nullable")
	case !omitted:
		found = append(found, "always")
	}
	if required {
		found = append(found, "required")
	}
	if name := t.String(); name != structuralName(t) {
		found = append(found, "go="+name)
	}
	if text, ok := p.Default.(string); ok {
		found = append(found, fmt.Sprintf("default=%q", text))
	}
	if p.MapType == "atomic" && kind == reflect.Map {
		found = append(found, "atomic")
	}
	if p.ListType == "set" {
		found = append(found, "set")
	}
	if p.ListType == "map" {
		found = append(found, "map="+strings.Join(p.MapKeys, ","))
	}
	if strategy := f.Tag.Get("patchStrategy"); strategy != "" {
		found = append(found, "patch="+strategy)
	}
	if key := f.Tag.Get("patchMergeKey"); key != "" {
		found = append(found, "key="+key)
	}
	return found
}

// structuralName is what schema readers print for a type that has no name of its own.
func structuralName(t reflect.Type) string {
	if _, ok := wrapped[t]; ok {
		return t.String()
	}
	switch t.Kind() {
	case reflect.Struct:
		return t.String()
	case reflect.Slice:
		return "[]" + structuralName(t.Elem())
	case reflect.Map:
		return "map[string]" + structuralName(t.Elem())
	}
	return t.Kind().String()
}

func contains(names []string, name string) bool {
	for _, candidate := range names {
		if candidate == name {
			return true
		}
	}
	return false
}
