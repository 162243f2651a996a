/** A real kube-apiserver, where KUBE_APISERVER names one, keeps its Secrets here and sends what it puts on record, as docs/cluster-audit.md has it. */
import { noRealApiserver } from "../support/real-apiserver.ts";
import { readersBehindApiserver } from "./readers-behind-apiserver.ts";

if (noRealApiserver() === undefined) readersBehindApiserver();
