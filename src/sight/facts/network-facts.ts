/** What leads from outside to pods, and what stands in the way. */
import { field, fieldNames, listField, textField, textMapField, textsField } from "./json-fields.ts";
import type { ObjectFact } from "./object-fact.ts";

export interface ServiceFact extends ObjectFact<"Service"> {
  /** Of the pods behind it; empty for none. */
  readonly selector: ReadonlyMap<string, string>;
  readonly type: string;
  readonly externalIPs: readonly string[];
  /** A load balancer that is said to be reached from within a private network only. */
  readonly isInternal: boolean;
}

export interface IngressFact extends ObjectFact<"Ingress"> {
  /** Names of services of its namespace. */
  readonly backends: readonly string[];
  /** Whether its annotations have the proxy ask who it is. */
  readonly authenticates: boolean;
  /** Names of the Secrets with its certificates. */
  readonly tlsSecrets?: readonly string[];
}

export const routeKinds = ["HTTPRoute", "GRPCRoute", "TLSRoute", "TCPRoute", "UDPRoute"] as const;
export type RouteKind = (typeof routeKinds)[number];

/** A route of the Gateway API. */
export interface RouteFact extends ObjectFact<RouteKind> {
  readonly backends: readonly { readonly namespace: string; readonly name: string }[];
  readonly gateways: readonly string[];
}

export interface NetworkPolicyFact extends ObjectFact<"NetworkPolicy"> {
  readonly podLabels: ReadonlyMap<string, string>;
  /** Whether it selects by more than labels that must be equal: which pods, is then not decided here. */
  readonly hasExpressions: boolean;
  /** Lets nothing in; nothing out. */
  readonly deniesIngress: boolean;
  readonly deniesEgress: boolean;
  /** Lets something out. */
  readonly allowsEgress: boolean;
}

type Content<Fact> = Omit<Fact, "kind" | "namespace" | "name" | "at">;

/** Annotations of the clouds that keep a load balancer private; each with the values that do. */
const internalAnnotations: readonly (readonly [annotation: string, value: RegExp])[] = [
  ["service.beta.kubernetes.io/aws-load-balancer-internal", /^(?:true|0\.0\.0\.0\/0)$/],
  ["service.beta.kubernetes.io/aws-load-balancer-scheme", /^internal$/],
  ["service.beta.kubernetes.io/azure-load-balancer-internal", /^true$/],
  ["networking.gke.io/load-balancer-type", /^internal$/i],
  ["cloud.google.com/load-balancer-type", /^internal$/i],
];

export function readService(value: unknown): Content<ServiceFact> {
  return {
    selector: textMapField(value, "spec", "selector"),
    type: textField(value, "spec", "type") || "ClusterIP",
    externalIPs: textsField(value, "spec", "externalIPs"),
    isInternal: internalAnnotations.some(([name, form]) =>
      form.test(textField(value, "metadata", "annotations", name)),
    ),
  };
}

const authAnnotation = /\/(?:auth-type|auth-url|auth-signin|auth-tls-secret|oauth2?-.*|forward-auth.*)$/;

export function readIngress(value: unknown): Content<IngressFact> {
  const paths = listField(value, "spec", "rules").flatMap((rule) => listField(rule, "http", "paths"));
  const named = [field(value, "spec", "defaultBackend"), ...paths.map((path) => field(path, "backend"))];
  const names = named.map((backend) => textField(backend, "service", "name") || textField(backend, "serviceName"));
  const tlsSecrets = listField(value, "spec", "tls").flatMap((each) => textField(each, "secretName") || []);
  return {
    backends: [...new Set(names.filter((name) => name !== ""))],
    ...(tlsSecrets.length > 0 && { tlsSecrets }),
    authenticates: fieldNames(value, "metadata", "annotations").some((name) => authAnnotation.test(name)),
  };
}

export function readRoute(value: unknown, namespace: string): Content<RouteFact> {
  const refs = listField(value, "spec", "rules").flatMap((rule) => listField(rule, "backendRefs"));
  const services = refs.filter((ref) => (textField(ref, "kind") || "Service") === "Service");
  return {
    backends: services.map((ref) => ({
      namespace: textField(ref, "namespace") || namespace,
      name: textField(ref, "name"),
    })),
    gateways: listField(value, "spec", "parentRefs").map((ref) => textField(ref, "name")),
  };
}

/** Source: k8s.io/api networking/v1: Ingress always counts where no types are given, Egress where it has rules. */
export function readNetworkPolicy(value: unknown): Content<NetworkPolicyFact> {
  const types = textsField(value, "spec", "policyTypes");
  const [ingress, egress] = [listField(value, "spec", "ingress"), listField(value, "spec", "egress")];
  return {
    podLabels: textMapField(value, "spec", "podSelector", "matchLabels"),
    hasExpressions: listField(value, "spec", "podSelector", "matchExpressions").length > 0,
    deniesIngress: ingress.length === 0 && (types.length === 0 || types.includes("Ingress")),
    allowsEgress: egress.length > 0,
    deniesEgress: egress.length === 0 && types.includes("Egress"),
  };
}
