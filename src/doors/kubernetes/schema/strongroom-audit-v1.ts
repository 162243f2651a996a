/** The kinds that tell what is on record, in the form of message-table.ts, and what they are. */
export const strongroomAuditV1Table = `

AuditEvent
metadata 1 meta-v1.ObjectMeta always
position 2 int64 always
auditID 3 string always
stage 4 string always
door 5 string always
verb 6 string always
requestURI 7 string always
user 8 AuditUser always
impersonatedUser 9 AuditUser optional
sourceIPs 10 []string
userAgent 11 string
objectRef 12 AuditObject optional
responseStatus 13 rawExtension optional
requestReceivedTimestamp 14 string always
stageTimestamp 15 string always
annotations 16 {}string
disclosed 17 []AuditDisclosure
metadataOnly 18 bool optional
streamID 19 string
streams 20 []string
onBehalfOf 21 rawExtension optional
cut 22 bool optional
intentID 23 string
refusals 24 rawExtension optional
requestObject 25 rawExtension optional
responseObject 26 rawExtension optional
reported 27 AuditClusterReport optional

AuditClusterReport
cluster 1 string always
namespacePrefix 2 string always
receivedTimestamp 3 string always

AuditDisclosure
namespace 1 string always
name 2 string always
uid 3 string always
resourceVersion 4 string always
version 5 int64 optional
keys 6 []string
metadataOnly 7 bool always

AuditEventList
metadata 1 meta-v1.ListMeta always
items 2 []AuditEvent always required

AuditObject
resource 1 string always
namespace 2 string
name 3 string
uid 4 string
apiGroup 5 string
apiVersion 6 string
resourceVersion 7 string
subresource 8 string

AuditUser
username 1 string always
uid 2 string
groups 3 []string
extra 4 {}[]string go=map[string]v1.ExtraValue

WhoReadReader
user 1 string always
reads 2 int64 always
metadataOnly 3 int64 always
refused 4 int64 always
first 5 string always
last 6 string always
verbs 7 rawExtension always
doors 8 rawExtension always
keys 9 []string always
impersonators 10 []string always
addresses 11 []string always
userAgents 12 []string always
credentials 13 []string always
pods 14 []string always
cluster 15 string always
scoped 16 int64 always

WhoReadCluster
cluster 1 string always
isConfigured 2 bool always
since 3 string always
last 4 string always

WhoReadLife
from 1 string always
to 2 string always

WhoReadReview
metadata 1 meta-v1.ObjectMeta always
spec 2 WhoReadReviewSpec always required
status 3 WhoReadReviewStatus always

WhoReadReviewSpec
secret 1 string required
since 2 string
until 3 string
user 4 string
verb 5 string
door 6 string
decision 7 string
limit 8 int32 optional

WhoReadReviewStatus
readers 1 []WhoReadReader always
others 2 []WhoReadReader always
total 3 int32 always
position 4 int64 always
end 5 int64 always
clusters 6 []WhoReadCluster always
lives 7 []WhoReadLife
`;

const time = "RFC 3339.";

export const strongroomAuditV1Descriptions = `
AuditEvent: AuditEvent is one entry of the audit log: names, never values.
AuditEvent.metadata: Its name is its position, in 16 digits.
AuditEvent.position: The number of the entry, from 0; none is used twice.
AuditEvent.auditID: The id of the request; its entries share it.
AuditEvent.stage: RequestReceived, Changed, ResponseStarted, Disclosed, ResponseComplete or Panic.
AuditEvent.door: By which protocol.
AuditEvent.verb: The verb of the request.
AuditEvent.requestURI: Path and query as received.
AuditEvent.user: Who asked.
AuditEvent.impersonatedUser: As whom they acted.
AuditEvent.sourceIPs: Where it came from; the last one was connected.
AuditEvent.userAgent: What the client calls itself.
AuditEvent.objectRef: What was asked for.
AuditEvent.responseStatus: What was answered.
AuditEvent.requestReceivedTimestamp: When the request came.
AuditEvent.stageTimestamp: When this stage was reached.
AuditEvent.annotations: What else is on record, the decision among it.
AuditEvent.disclosed: The secrets that left with this stage.
AuditEvent.metadataOnly: Only names and metadata left, no values, of any of them.
AuditEvent.streamID: On the events of a watch itself, its id.
AuditEvent.streams: The ids of all watches that received what is disclosed.
AuditEvent.onBehalfOf: The pods for which a node asked.
AuditEvent.cut: The answer ended before its end.
AuditEvent.intentID: What ties the intent of a change to its outcome.
AuditEvent.refusals: The requests for which this entry stands.
AuditEvent.requestObject: What was sent, where the audit policy has it kept.
AuditEvent.responseObject: What was answered, where the audit policy has it kept.
AuditEvent.reported: Said by a cluster of its own API server, and nothing that this server saw.
AuditClusterReport: AuditClusterReport says whose claim an entry is.
AuditClusterReport.cluster: The cluster, by the name that it has in the configuration.
AuditClusterReport.namespacePrefix: What stands before the names of its namespaces here.
AuditClusterReport.receivedTimestamp: When it came here. ${time}
AuditDisclosure: AuditDisclosure is a secret that left.
AuditDisclosure.namespace: Its namespace.
AuditDisclosure.name: Its name.
AuditDisclosure.uid: Its uid.
AuditDisclosure.resourceVersion: Of the state that left.
AuditDisclosure.version: The number of the version, where one was asked for.
AuditDisclosure.keys: Under which keys values left, where that is on record.
AuditDisclosure.metadataOnly: No value of it left.
AuditEventList: AuditEventList is a list of entries, in the order of the log.
AuditEventList.metadata: Its resourceVersion is the number of entries that were looked through; a watch from it goes on where the list ends.
AuditEventList.items: The entries.
AuditObject: AuditObject is what a request was about.
AuditObject.resource: The resource.
AuditObject.namespace: Its namespace.
AuditObject.name: Its name.
AuditObject.uid: Its uid.
AuditObject.apiGroup: The group of the resource.
AuditObject.apiVersion: The version of that group.
AuditObject.resourceVersion: Of the object.
AuditObject.subresource: The subresource.
AuditUser: AuditUser is who asked.
AuditUser.username: The name.
AuditUser.uid: The uid.
AuditUser.groups: The groups.
AuditUser.extra: What else authentication knows of them.
WhoReadReader: WhoReadReader is somebody who read a secret, or tried to.
WhoReadReader.user: Who; empty where a watch received it whose beginning is not on record any more.
WhoReadReader.reads: Times that values left to them.
WhoReadReader.metadataOnly: Times that only the name or metadata did.
WhoReadReader.refused: Times that they were refused, also all secrets of the namespace or of the cluster.
WhoReadReader.first: The first of these times. ${time}
WhoReadReader.last: The last. ${time}
WhoReadReader.verbs: How often by which verb.
WhoReadReader.doors: How often by which door.
WhoReadReader.keys: Under which keys values left, where that is on record.
WhoReadReader.impersonators: Who acted as them.
WhoReadReader.addresses: Where they connected from.
WhoReadReader.userAgents: What their clients call themselves.
WhoReadReader.credentials: The ids of their credentials.
WhoReadReader.pods: For which pods a node read.
WhoReadReader.cluster: The cluster that says so of a user of its own; empty for what this server saw itself.
WhoReadReader.scoped: Of the reads, lists and watches in a cluster of all secrets of a namespace or of the cluster.
WhoReadCluster: WhoReadCluster is a cluster whose readers may not be on record.
WhoReadCluster.cluster: Its name in the configuration.
WhoReadCluster.isConfigured: Whether it is to send its audit; without that its readers are not known.
WhoReadCluster.since: When the first part of its audit came that is on record; empty when none did. ${time}
WhoReadCluster.last: When the last part came. ${time}
WhoReadLife: WhoReadLife is a time in which the secret was there.
WhoReadLife.from: From its creation; empty where that is not known. ${time}
WhoReadLife.to: Up to its deletion; empty for now. ${time}
WhoReadReview: WhoReadReview asks who read a secret. It is answered from what is on record, and not kept.
WhoReadReview.metadata: Its namespace is that of the secret.
WhoReadReview.spec: What is asked.
WhoReadReview.status: The answer.
WhoReadReviewSpec: WhoReadReviewSpec is what a WhoReadReview asks.
WhoReadReviewSpec.secret: The name of the secret. It need not be there any more.
WhoReadReviewSpec.since: Not before this time. ${time}
WhoReadReviewSpec.until: Before this time. ${time}
WhoReadReviewSpec.user: Only what this user received, or received as another one.
WhoReadReviewSpec.verb: Only by this verb.
WhoReadReviewSpec.door: Only by this door.
WhoReadReviewSpec.decision: Only what was decided so: allow or forbid.
WhoReadReviewSpec.limit: How many readers, and how many others, are told at most; 100 by default.
WhoReadReviewStatus: WhoReadReviewStatus is the answer of a WhoReadReview.
WhoReadReviewStatus.readers: Who received values, the last one first.
WhoReadReviewStatus.others: Who saw metadata alone, or was refused.
WhoReadReviewStatus.total: How many readers and others there are, whatever the limit.
WhoReadReviewStatus.position: Entries before this position were looked through.
WhoReadReviewStatus.end: How many entries there were when the question came; more than the position where the index is behind.
WhoReadReviewStatus.clusters: The clusters that the secret may be of.
WhoReadReviewStatus.lives: When it was there, as far as that is known: lists in clusters count then.
`;
