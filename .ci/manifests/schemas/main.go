// Writes a strict JSON schema for every kind in the manifests on its standard input, from what Kubernetes
// and the Prometheus operator publish as Go modules: kubeconform needs no other network then.
//
//	schemas OUT SWAGGER CRD... < manifests
package main

import (
	"encoding/json"
	"fmt"
	"io"
	"log"
	"os"
	"path/filepath"
	"strings"

	"sigs.k8s.io/yaml"
)

type object = map[string]any

const prefix = "#/definitions/"

func main() {
	log.SetFlags(0)
	out, swagger := os.Args[1], object{}
	read(os.Args[2], &swagger)
	known := builtIn(swagger["definitions"].(object))
	for _, file := range os.Args[3:] {
		custom(file, known)
	}
	for name := range kinds() {
		schema, ok := known[name]
		if !ok {
			log.Fatalf("no schema for %s", name)
		}
		text, err := json.Marshal(schema)
		check(err)
		check(os.WriteFile(filepath.Join(out, name+".json"), text, 0o644))
	}
}

// kinds names what the manifests hold as kubeconform does: deployment-apps-v1, service-v1.
func kinds() map[string]bool {
	text, err := io.ReadAll(os.Stdin)
	check(err)
	found := map[string]bool{}
	for _, document := range strings.Split(string(text), "\n---\n") {
		var head struct{ APIVersion, Kind string }
		check(yaml.Unmarshal([]byte(document), &head))
		if head.Kind != "" {
			group, version, grouped := strings.Cut(head.APIVersion, "/")
			if !grouped {
				group, version = "", group
			}
			found[name(group, version, head.Kind)] = true
		}
	}
	return found
}

func name(group, version, kind string) string {
	first, _, _ := strings.Cut(group, ".")
	if first != "" {
		first += "-"
	}
	return strings.ToLower(fmt.Sprintf("%s-%s%s", kind, first, version))
}

func builtIn(definitions object) map[string]object {
	for id, definition := range definitions {
		strict(definition)
		if strings.HasSuffix(id, ".IntOrString") || strings.HasSuffix(id, ".Quantity") {
			definitions[id] = object{"type": []string{"string", "number"}}
		}
	}
	known := map[string]object{}
	for id, definition := range definitions {
		for _, gvk := range list(definition.(object)["x-kubernetes-group-version-kind"]) {
			of := gvk.(object)
			key := name(of["group"].(string), of["version"].(string), of["kind"].(string))
			needed := object{}
			closure(definitions, id, needed)
			known[key] = object{"$ref": prefix + id, "definitions": needed}
		}
	}
	return known
}

func custom(file string, known map[string]object) {
	var crd struct {
		Spec struct {
			Group    string
			Names    struct{ Kind string }
			Versions []struct {
				Name   string
				Schema struct{ OpenAPIV3Schema object }
			}
		}
	}
	read(file, &crd)
	for _, version := range crd.Spec.Versions {
		schema := version.Schema.OpenAPIV3Schema
		schema["properties"].(object)["metadata"] = object{"type": "object", "additionalProperties": true}
		strict(schema)
		known[name(crd.Spec.Group, version.Name, crd.Spec.Names.Kind)] = schema
	}
}

// strict refuses fields that no schema names, and admits numbers where they stand for strings.
func strict(node any) {
	switch n := node.(type) {
	case object:
		_, fields := n["properties"].(object)
		_, open := n["additionalProperties"]
		if fields && !open && n["x-kubernetes-preserve-unknown-fields"] != true {
			n["additionalProperties"] = false
		}
		if n["x-kubernetes-int-or-string"] == true {
			n["type"] = []string{"string", "integer"}
			delete(n, "anyOf")
		}
		for _, child := range n {
			strict(child)
		}
	case []any:
		for _, child := range n {
			strict(child)
		}
	}
}

func closure(definitions object, id string, needed object) {
	if _, seen := needed[id]; seen {
		return
	}
	needed[id] = definitions[id]
	references(definitions[id], func(other string) { closure(definitions, other, needed) })
}

func references(node any, visit func(string)) {
	switch n := node.(type) {
	case object:
		for key, child := range n {
			if ref, ok := child.(string); ok && key == "$ref" {
				visit(strings.TrimPrefix(ref, prefix))
			}
			references(child, visit)
		}
	case []any:
		for _, child := range n {
			references(child, visit)
		}
	}
}

func list(node any) []any {
	items, _ := node.([]any)
	return items
}

func read(file string, into any) {
	text, err := os.ReadFile(file)
	check(err)
	check(yaml.Unmarshal(text, into))
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
