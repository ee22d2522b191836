//go:build ignore

// Makes a pod of the template of the workload on standard input.
package main

import (
	"encoding/json"
	"log"
	"os"
)

func main() {
	var workload struct {
		Metadata struct{ Name string }
		Spec     struct{ Template struct{ Spec any } }
	}
	if err := json.NewDecoder(os.Stdin).Decode(&workload); err != nil {
		log.Fatal(err)
	}
	pod := map[string]any{
		"apiVersion": "v1",
		"kind":       "Pod",
		"metadata":   map[string]any{"name": workload.Metadata.Name},
		"spec":       workload.Spec.Template.Spec,
	}
	if err := json.NewEncoder(os.Stdout).Encode(pod); err != nil {
		log.Fatal(err)
	}
}
