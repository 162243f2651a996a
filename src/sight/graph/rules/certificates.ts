/** Certificates that the API server takes for somebody. */
import type { EdgeId } from "../edge-rule.ts";
import { asks, rights, structure } from "./row.ts";
import type { Row } from "./row.ts";

export const certificatesRules = {
  "approve-certificate": {
    name: "approves a certificate of their own as",
    condition: rights(
      "certify",
      asks("create certificatesigningrequests.certificates.k8s.io", "none", true),
      asks("update,patch certificatesigningrequests.certificates.k8s.io/approval", "any", true),
      asks("approve signers.certificates.k8s.io", ["kubernetes.io/kube-apiserver-client", "kubernetes.io/*"], true),
    ),
    ease: 0.95,
    attack: "T1649",
    explanation: "the signer kube-apiserver-client signs any name and any group but system:masters",
    fix: "Separate who asks for certificates from who approves them.",
    source: "k/k plugin/pkg/admission/certificates",
  },
  "approve-node-certificate": {
    name: "approves a certificate of their own as",
    condition: rights(
      "become-node",
      asks("create certificatesigningrequests.certificates.k8s.io", "none", true),
      asks("update,patch certificatesigningrequests.certificates.k8s.io/approval", "any", true),
      asks(
        "approve signers.certificates.k8s.io",
        ["kubernetes.io/kube-apiserver-client-kubelet", "kubernetes.io/*"],
        true,
      ),
    ),
    ease: 0.95,
    attack: "T1649",
    explanation: "the signer kube-apiserver-client-kubelet signs the name of any node",
    fix: "Separate who asks for certificates from who approves them.",
    source: "k/k plugin/pkg/admission/certificates",
  },
  "have-node-approved": {
    name: "is signed, as new nodes are, as",
    condition: rights(
      "become-node",
      asks("create certificatesigningrequests.certificates.k8s.io", "none", true),
      asks("create certificatesigningrequests.certificates.k8s.io/nodeclient", "none", true),
    ),
    ease: 0.95,
    attack: "T1649",
    explanation:
      "a controller approves a node's certificate for whoever may create certificatesigningrequests/nodeclient",
    fix: "Bind system:certificates.k8s.io:certificatesigningrequests:nodeclient while nodes join only.",
    source: "k/k pkg/controller/certificates/approver/sarapprove.go",
  },
  "certified-as": {
    name: "is certified as",
    condition: structure,
    ease: 1,
    free: true,
    attack: "T1649",
    explanation: "the common name of a client certificate is the user, its organizations are the groups",
    fix: "",
    source: "k8s.io/apiserver pkg/authentication/request/x509",
  },
} as const satisfies Readonly<Partial<Record<EdgeId, Row>>>;
