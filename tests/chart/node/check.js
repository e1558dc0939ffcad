// Reads a JSON list of custom resources and prints, for each that its schema refuses, a line that says why.
import * as gateway from "@kubernetes-models/gateway-api/gateway.networking.k8s.io/v1";
import * as monitoring from "@kubernetes-models/prometheus-operator/monitoring.coreos.com/v1";
import { readFileSync } from "node:fs";

const models = { "gateway.networking.k8s.io/v1": gateway, "monitoring.coreos.com/v1": monitoring };

for (const resource of JSON.parse(readFileSync(0, "utf8"))) {
  const name = `${resource.kind}/${resource.metadata.name}`;
  const Model = models[resource.apiVersion]?.[resource.kind];
  try {
    if (!Model) throw new Error(`there is no schema for ${resource.apiVersion}`);
    new Model(resource).validate();
  } catch (error) {
    console.log(`${name}: ${error.message}`);
  }
}
