/** What the messages and fields of core/v1 are, in our own words. The long tail of a pod's fields has none. */
export const coreV1Descriptions = `
ConfigMap: ConfigMap holds settings that programs read: texts by key, and bytes where text does not do. It keeps nothing secret; use a Secret for what not everyone may read.
ConfigMap.metadata: Name, labels, annotations and what else every object has.
ConfigMap.immutable: If true, data and binaryData can no longer be changed, only metadata; nor can this be set back.
ConfigMap.data: Settings as UTF-8 text. Keys consist of letters, digits, \`-\`, \`_\` and \`.\`, and differ from those of binaryData.
ConfigMap.binaryData: Settings that are not UTF-8 text, each encoded in base64. Keys as in data.
ConfigMapList: ConfigMapList is a list of ConfigMaps.
ConfigMapList.metadata: Version of the list and how to read on.
ConfigMapList.items: The ConfigMaps.
ServiceAccount: ServiceAccount is the identity of the programs in a pod: what they are called when they speak to the server.
ServiceAccount.metadata: Name, labels, annotations and what else every object has.
ServiceAccount.secrets: Secrets that pods of this account may use; of no effect unless the account carries the annotation that enforces it.
ServiceAccount.imagePullSecrets: Secrets in the same namespace that give access to image registries; pods of this account that name none of their own use them.
ServiceAccount.automountServiceAccountToken: Whether pods of this account get its token mounted. A pod may say otherwise.
ServiceAccountList: ServiceAccountList is a list of ServiceAccounts.
ServiceAccountList.metadata: Version of the list and how to read on.
ServiceAccountList.items: The ServiceAccounts.
Binding: Binding ties a pod to the node that is to run it.
Binding.metadata: Name of the pod, and annotations to put on it.
Binding.target: The node, by name.
Event: Event tells of something that happened to an object. Events go by themselves after an hour.
Event.metadata: Name, labels, annotations and what else every object has.
Event.involvedObject: The object it happened to.
Event.reason: Why it happened, in one word for programs.
Event.message: What happened, for people.
Event.source: Who reported it, in the older form.
Event.firstTimestamp: When it was first seen.
Event.lastTimestamp: When it was last seen.
Event.count: How often it was seen.
Event.type: Normal, or Warning when someone should look.
Event.eventTime: When it was first seen, to the microsecond.
Event.series: How it goes on, if it does.
Event.action: What was done or failed, in one word.
Event.related: Another object it has to do with.
Event.reportingComponent: Name of the controller that reports, e.g. kubernetes.io/kubelet.
Event.reportingInstance: Which instance of it, e.g. the name of a node.
EventSeries: EventSeries tells how something that happens again and again goes on.
EventSeries.count: How often it was seen up to the last time.
EventSeries.lastObservedTime: When it was last seen.
EventSource: EventSource is who reported an event.
EventSource.component: Name of the component.
EventSource.host: Node it runs on.
EventList: EventList is a list of Events.
EventList.metadata: Version of the list and how to read on.
EventList.items: The Events.
NodeList: NodeList is a list of Nodes.
NodeList.metadata: Version of the list and how to read on.
NodeList.items: The Nodes.
PodList: PodList is a list of Pods.
PodList.metadata: Version of the list and how to read on.
PodList.items: The Pods.
ResourceQuotaList: ResourceQuotaList is a list of ResourceQuotas.
ResourceQuotaList.metadata: Version of the list and how to read on.
ResourceQuotaList.items: The ResourceQuotas.
ObjectReference: ObjectReference names an object, or a part of one.
ObjectReference.kind: Kind of the object.
ObjectReference.namespace: Namespace of the object.
ObjectReference.name: Name of the object.
ObjectReference.uid: Uid of the object.
ObjectReference.apiVersion: API version of the object.
ObjectReference.resourceVersion: Version of the object that is meant.
ObjectReference.fieldPath: Which part of it, e.g. spec.containers{web}.
LocalObjectReference: LocalObjectReference names an object in the same namespace.
LocalObjectReference.name: Name of the object.
Pod: Pod is a group of containers that run together on one node. This server runs none: pods are kept because they say which node and which account reaches which Secret.
Pod.metadata: Name, labels, annotations and what else every object has.
Pod.spec: What is to run, and with what.
Pod.status: What is observed of it. Set by its node.
PodSpec: PodSpec says what a pod consists of and where it may run.
PodSpec.volumes: Volumes that containers can mount; Secrets and ConfigMaps are brought in as files this way.
PodSpec.initContainers: Containers that run one after the other before the others start; with restartPolicy Always they go on beside them.
PodSpec.containers: The containers of the pod; at least one. They can not be added or removed later.
PodSpec.ephemeralContainers: Containers added to a running pod to look into it, through the subresource ephemeralcontainers.
PodSpec.restartPolicy: When containers are started again: Always (the default), OnFailure or Never.
PodSpec.terminationGracePeriodSeconds: How many seconds the pod is given to end after it is deleted. Default: 30.
PodSpec.activeDeadlineSeconds: After how many seconds from its start the pod is ended.
PodSpec.dnsPolicy: Where names are looked up: ClusterFirst (the default), ClusterFirstWithHostNet, Default or None.
PodSpec.nodeSelector: Labels that a node must have to run the pod.
PodSpec.serviceAccountName: ServiceAccount the pod acts as.
PodSpec.serviceAccount: Older name of serviceAccountName.
PodSpec.automountServiceAccountToken: Whether a token of the account is mounted.
PodSpec.nodeName: Node that runs the pod, once it is bound to one.
PodSpec.hostNetwork: Whether the pod uses its node's network.
PodSpec.hostPID: Whether the pod sees its node's processes.
PodSpec.hostIPC: Whether the pod shares memory with its node's processes.
PodSpec.shareProcessNamespace: Whether the containers see each other's processes.
PodSpec.securityContext: As which user and with which rights the containers run, unless they say otherwise.
PodSpec.imagePullSecrets: Secrets that give access to the registries of the images.
PodSpec.hostname: Host name of the pod; default: its name.
PodSpec.subdomain: Domain of the host name within the namespace.
PodSpec.affinity: Which nodes and which other pods it is put near to or away from.
PodSpec.schedulerName: Which scheduler puts the pod on a node.
PodSpec.tolerations: Taints of nodes that do not keep the pod away.
PodSpec.hostAliases: Lines for the pod's hosts file.
PodSpec.priorityClassName: Class of its importance.
PodSpec.priority: Its importance as a number.
PodSpec.dnsConfig: Settings for looking up names.
PodSpec.readinessGates: Conditions that must hold, too, for the pod to be ready.
PodSpec.runtimeClassName: Kind of container runtime it needs.
PodSpec.enableServiceLinks: Whether services are told to the containers as variables.
PodSpec.preemptionPolicy: Whether less important pods are ended for it: PreemptLowerPriority or Never.
PodSpec.overhead: What running it costs beside its containers.
PodSpec.topologySpreadConstraints: How pods like it are spread over zones and nodes.
PodSpec.schedulingGates: While there is one, the pod is not put on a node. They can only be removed.
PodSpec.os: Operating system it is for.
PodSpec.resources: What the pod as a whole requests and is limited to.
PodStatus: PodStatus says what a pod is doing.
PodStatus.phase: Pending, Running, Succeeded, Failed or Unknown.
PodStatus.conditions: What holds of the pod, e.g. Ready.
PodStatus.message: Why it is as it is, for people.
PodStatus.reason: Why it is as it is, in one word.
PodStatus.nominatedNodeName: Node that is being made free for it.
PodStatus.hostIP: Address of its node.
PodStatus.podIP: Address of the pod.
PodStatus.podIPs: Addresses of the pod, one of each family.
PodStatus.startTime: When its node took note of it.
PodStatus.initContainerStatuses: State of each init container.
PodStatus.containerStatuses: State of each container.
PodStatus.qosClass: Guaranteed, Burstable or BestEffort, by what it requests.
PodStatus.ephemeralContainerStatuses: State of each ephemeral container.
Container: Container is one program of a pod, with its image and its environment.
Container.name: Name of the container, unique in the pod.
Container.image: Image to run.
Container.command: Program to run in place of the image's.
Container.args: Arguments in place of the image's.
Container.workingDir: Directory to start in.
Container.ports: Ports the container listens on.
Container.envFrom: Secrets and ConfigMaps whose keys all become environment variables.
Container.env: Environment variables.
Container.resources: What it requests and is limited to.
Container.volumeMounts: Where the pod's volumes are mounted.
Container.volumeDevices: Block devices from the pod's volumes.
Container.livenessProbe: When it fails, the container is started again.
Container.readinessProbe: While it fails, the container gets no traffic.
Container.startupProbe: Until it succeeds, the others do not begin.
Container.lifecycle: What is done after its start and before its end.
Container.terminationMessagePath: File whose content tells why it ended.
Container.terminationMessagePolicy: File, or FallbackToLogsOnError.
Container.imagePullPolicy: Always, IfNotPresent or Never. Default: Always for the tag latest, else IfNotPresent.
Container.securityContext: As which user and with which rights it runs.
Container.stdin: Whether it keeps a standard input open.
Container.stdinOnce: Whether that is closed after the first client.
Container.tty: Whether it has a terminal.
Container.restartPolicy: For init containers: Always makes it run beside the others.
EphemeralContainer: EphemeralContainer is a container added to a running pod to look into it.
EphemeralContainer.name: Name of the container, unique in the pod.
EphemeralContainer.image: Image to run.
EphemeralContainer.command: Program to run in place of the image's.
EphemeralContainer.args: Arguments in place of the image's.
EphemeralContainer.workingDir: Directory to start in.
EphemeralContainer.ports: Ports the container listens on.
EphemeralContainer.envFrom: Secrets and ConfigMaps whose keys all become environment variables.
EphemeralContainer.env: Environment variables.
EphemeralContainer.resources: What it requests and is limited to.
EphemeralContainer.volumeMounts: Where the pod's volumes are mounted.
EphemeralContainer.volumeDevices: Block devices from the pod's volumes.
EphemeralContainer.livenessProbe: When it fails, the container is started again.
EphemeralContainer.readinessProbe: While it fails, the container gets no traffic.
EphemeralContainer.startupProbe: Until it succeeds, the others do not begin.
EphemeralContainer.lifecycle: What is done after its start and before its end.
EphemeralContainer.terminationMessagePath: File whose content tells why it ended.
EphemeralContainer.terminationMessagePolicy: File, or FallbackToLogsOnError.
EphemeralContainer.imagePullPolicy: Always, IfNotPresent or Never. Default: Always for the tag latest, else IfNotPresent.
EphemeralContainer.securityContext: As which user and with which rights it runs.
EphemeralContainer.stdin: Whether it keeps a standard input open.
EphemeralContainer.stdinOnce: Whether that is closed after the first client.
EphemeralContainer.tty: Whether it has a terminal.
EphemeralContainer.targetContainerName: Container whose processes it sees.
ContainerPort: ContainerPort is a port a container listens on.
ContainerPort.name: Name of the port, unique in the pod.
ContainerPort.hostPort: Port of the node that leads to it.
ContainerPort.containerPort: Number of the port.
ContainerPort.protocol: TCP (the default), UDP or SCTP.
ContainerPort.hostIP: Address of the node for hostPort.
EnvVar: EnvVar is an environment variable.
EnvVar.name: Name of the variable.
EnvVar.value: Its value; $(NAME) stands for a variable before it.
EnvVar.valueFrom: Where its value comes from, in place of value.
EnvVarSource: EnvVarSource is where the value of a variable comes from; one of these.
EnvVarSource.fieldRef: A field of the pod.
EnvVarSource.resourceFieldRef: A request or limit of a container.
EnvVarSource.configMapKeyRef: A key of a ConfigMap.
EnvVarSource.secretKeyRef: A key of a Secret.
EnvVarSource.fileKeyRef: A key in a file of a volume.
SecretKeySelector: SecretKeySelector is one key of a Secret in the pod's namespace.
SecretKeySelector.name: Name of the Secret.
SecretKeySelector.key: Key within the Secret.
SecretKeySelector.optional: Whether the Secret and its key may be missing.
ConfigMapKeySelector: ConfigMapKeySelector is one key of a ConfigMap in the pod's namespace.
ConfigMapKeySelector.name: Name of the ConfigMap.
ConfigMapKeySelector.key: Key within the ConfigMap.
ConfigMapKeySelector.optional: Whether the ConfigMap and its key may be missing.
EnvFromSource: EnvFromSource makes variables of all keys of a Secret or a ConfigMap.
EnvFromSource.prefix: What is put before each key.
EnvFromSource.configMapRef: The ConfigMap.
EnvFromSource.secretRef: The Secret.
SecretEnvSource: SecretEnvSource names a Secret whose keys become variables.
SecretEnvSource.name: Name of the Secret.
SecretEnvSource.optional: Whether the Secret may be missing.
ConfigMapEnvSource: ConfigMapEnvSource names a ConfigMap whose keys become variables.
ConfigMapEnvSource.name: Name of the ConfigMap.
ConfigMapEnvSource.optional: Whether the ConfigMap may be missing.
ObjectFieldSelector: ObjectFieldSelector is a field of the pod.
ObjectFieldSelector.apiVersion: API version the path is of. Default: v1.
ObjectFieldSelector.fieldPath: Path of the field, e.g. metadata.labels['app'].
ResourceFieldSelector: ResourceFieldSelector is a request or limit of a container.
ResourceFieldSelector.containerName: Name of the container.
ResourceFieldSelector.resource: Which one, e.g. limits.cpu.
ResourceFieldSelector.divisor: Unit it is given in. Default: 1.
Volume: Volume is a directory that containers can mount; its name, and one source.
Volume.name: Name of the volume, unique in the pod.
Volume.hostPath: A path of the node.
Volume.emptyDir: An empty directory that lives as long as the pod.
Volume.secret: The keys of a Secret as files.
Volume.configMap: The keys of a ConfigMap as files.
Volume.downwardAPI: Fields of the pod as files.
Volume.projected: Several of these in one directory, and tokens.
Volume.persistentVolumeClaim: A claimed volume that outlives the pod.
Volume.csi: A volume of a CSI driver.
Volume.ephemeral: A claimed volume that lives as long as the pod.
Volume.nfs: A directory of an NFS server.
Volume.image: The files of an image.
SecretVolumeSource: SecretVolumeSource brings the keys of a Secret into a pod as files.
SecretVolumeSource.secretName: Name of the Secret.
SecretVolumeSource.items: Keys to bring, and to which paths; without it, all keys under their names.
SecretVolumeSource.defaultMode: Mode of the files. Default: 0644.
SecretVolumeSource.optional: Whether the Secret and the keys may be missing.
ConfigMapVolumeSource: ConfigMapVolumeSource brings the keys of a ConfigMap into a pod as files.
ConfigMapVolumeSource.name: Name of the ConfigMap.
ConfigMapVolumeSource.items: Keys to bring, and to which paths; without it, all keys under their names.
ConfigMapVolumeSource.defaultMode: Mode of the files. Default: 0644.
ConfigMapVolumeSource.optional: Whether the ConfigMap and the keys may be missing.
KeyToPath: KeyToPath writes one key to a file of its own.
KeyToPath.key: The key.
KeyToPath.path: Path of the file in the volume.
KeyToPath.mode: Mode of the file.
ProjectedVolumeSource: ProjectedVolumeSource brings several sources into one directory.
ProjectedVolumeSource.sources: The sources.
ProjectedVolumeSource.defaultMode: Mode of the files. Default: 0644.
VolumeProjection: VolumeProjection is one source of a projected volume.
VolumeProjection.secret: Keys of a Secret.
VolumeProjection.downwardAPI: Fields of the pod.
VolumeProjection.configMap: Keys of a ConfigMap.
VolumeProjection.serviceAccountToken: A token of the pod's account.
VolumeProjection.clusterTrustBundle: Certificates to trust.
VolumeProjection.podCertificate: A certificate of the pod's own.
SecretProjection: SecretProjection brings keys of a Secret.
SecretProjection.name: Name of the Secret.
SecretProjection.items: Keys to bring, and to which paths; without it, all keys under their names.
SecretProjection.optional: Whether the Secret and the keys may be missing.
ConfigMapProjection: ConfigMapProjection brings keys of a ConfigMap.
ConfigMapProjection.name: Name of the ConfigMap.
ConfigMapProjection.items: Keys to bring, and to which paths; without it, all keys under their names.
ConfigMapProjection.optional: Whether the ConfigMap and the keys may be missing.
ServiceAccountTokenProjection: ServiceAccountTokenProjection brings a token of the pod's account, bound to the pod.
ServiceAccountTokenProjection.audience: Whom the token is for. Default: this server.
ServiceAccountTokenProjection.expirationSeconds: How long it is valid. Default: an hour; at least ten minutes.
ServiceAccountTokenProjection.path: Path of the file in the volume.
CSIVolumeSource: CSIVolumeSource is a volume that a CSI driver provides.
CSIVolumeSource.driver: Name of the driver.
CSIVolumeSource.readOnly: Whether it is mounted for reading only.
CSIVolumeSource.fsType: File system.
CSIVolumeSource.volumeAttributes: What the driver is told.
CSIVolumeSource.nodePublishSecretRef: Secret the driver is given.
EmptyDirVolumeSource: EmptyDirVolumeSource is an empty directory that lives as long as the pod.
EmptyDirVolumeSource.medium: Memory, or the node's disk.
EmptyDirVolumeSource.sizeLimit: Most it may hold.
HostPathVolumeSource: HostPathVolumeSource is a path of the node.
HostPathVolumeSource.path: The path.
HostPathVolumeSource.type: What must be there, e.g. Directory or Socket.
VolumeMount: VolumeMount is where a container sees a volume.
VolumeMount.name: Name of the volume.
VolumeMount.readOnly: Whether it can only be read.
VolumeMount.mountPath: Path in the container.
VolumeMount.subPath: Path within the volume that is mounted.
VolumeMount.subPathExpr: As subPath, with $(NAME) for variables.
VolumeMount.mountPropagation: How mounts below it are passed on.
ResourceRequirements: ResourceRequirements says what is set aside, and what is the most.
ResourceRequirements.limits: The most that can be used, by resource.
ResourceRequirements.requests: What is set aside, by resource. Default: the limits.
ResourceRequirements.claims: Claimed devices.
Probe: Probe asks a container how it is; one handler, and how often.
Probe.exec: Runs a command; 0 is success.
Probe.httpGet: Asks by HTTP; below 400 is success.
Probe.tcpSocket: Opens a connection.
Probe.grpc: Asks by gRPC.
Probe.initialDelaySeconds: How long after the start to begin.
Probe.timeoutSeconds: After how long there is no answer. Default: 1.
Probe.periodSeconds: How often to ask. Default: 10.
Probe.successThreshold: How many successes make a success. Default: 1.
Probe.failureThreshold: How many failures make a failure. Default: 3.
Probe.terminationGracePeriodSeconds: How long the container is given to end after a failure.
Toleration: Toleration lets a pod onto nodes with a taint.
Toleration.key: Key of the taint; empty for all.
Toleration.operator: Equal (the default) or Exists.
Toleration.value: Value of the taint.
Toleration.effect: NoSchedule, PreferNoSchedule, NoExecute; empty for all.
Toleration.tolerationSeconds: How long the pod stays on a node with a NoExecute taint.
Taint: Taint keeps pods away from a node that do not tolerate it.
Taint.key: Its key.
Taint.value: Its value.
Taint.effect: NoSchedule, PreferNoSchedule or NoExecute.
Taint.timeAdded: When it was put on the node.
Node: Node is a machine that runs pods. It may read what the pods bound to it refer to.
Node.metadata: Name, labels, annotations and what else every object has.
Node.spec: What is asked of it.
Node.status: What is observed of it. Set by its kubelet.
NodeSpec: NodeSpec says how a node is to be used.
NodeSpec.podCIDR: Network of its pods.
NodeSpec.podCIDRs: Networks of its pods, one of each family.
NodeSpec.providerID: What the cloud calls it. Set once.
NodeSpec.unschedulable: Whether no more pods are put on it.
NodeSpec.taints: What keeps pods away that do not tolerate it.
NodeStatus: NodeStatus says how a node is.
NodeStatus.capacity: What it has, by resource.
NodeStatus.allocatable: What of it pods can use.
NodeStatus.conditions: What holds of it, e.g. Ready.
NodeStatus.addresses: Where it is reached.
NodeStatus.nodeInfo: Versions and identities.
NodeStatus.images: Images it has.
NodeAddress: NodeAddress is one address of a node.
NodeAddress.type: Hostname, InternalIP, ExternalIP, InternalDNS or ExternalDNS.
NodeAddress.address: The address.
NodeCondition: NodeCondition is one observation about a node.
NodeCondition.type: What is observed, e.g. Ready.
NodeCondition.status: True, False or Unknown.
NodeCondition.lastHeartbeatTime: When it was last observed.
NodeCondition.lastTransitionTime: When status last changed.
NodeCondition.reason: Why, in one word.
NodeCondition.message: Why, for people.
PodCondition: PodCondition is one observation about a pod.
PodCondition.type: What is observed, e.g. PodScheduled.
PodCondition.status: True, False or Unknown.
PodCondition.lastTransitionTime: When status last changed.
PodCondition.reason: Why, in one word.
PodCondition.message: Why, for people.
ResourceQuota: ResourceQuota says how much a namespace may use. It is kept and shown; nothing is refused by it yet.
ResourceQuota.metadata: Name, labels, annotations and what else every object has.
ResourceQuota.spec: What is allowed.
ResourceQuota.status: What is allowed and used, as last counted.
ResourceQuotaSpec: ResourceQuotaSpec says what is allowed.
ResourceQuotaSpec.hard: The most of each resource.
ResourceQuotaSpec.scopes: What counts; can not be changed later.
ResourceQuotaSpec.scopeSelector: What counts, by expressions.
ResourceQuotaStatus: ResourceQuotaStatus says what is used.
ResourceQuotaStatus.hard: The most of each resource.
ResourceQuotaStatus.used: What is used of each.
`;
