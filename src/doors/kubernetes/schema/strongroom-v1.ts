/** The kinds of our own API group, in the form of message-table.ts, and what they are. */

export const strongroomV1Table = `

ObjectName
kind 1 string always
namespace 2 string always
name 3 string always

PathReview
metadata 1 meta-v1.ObjectMeta always
spec 2 PathReviewSpec always required
status 3 PathReviewStatus always

PathReviewSpec
from 1 string required
to 2 string required
limit 3 int32 optional

PathReviewStatus
from 1 string always
to 2 string always
coverage 3 rawExtension always
paths 4 []SecretPath always
complete 5 bool always
asMemberOf 6 string optional

PathStep
edge 1 string always
from 2 string always
to 3 string always
because 4 string always
proof 5 []PathStepProof always
fix 6 string always

PathStepProof
object 1 string always
rule 2 int32 optional
place 3 string always

Principal
kind 1 string always
name 2 string always
namespace 3 string always

ReachedIdentity
principal 1 Principal always
hops 2 int32 always
ease 3 double always
path 4 []PathStep always

ReachedNamespace
namespace 1 string always
secretsKnown 2 int32 always
hops 3 int32 always
ease 4 double always
path 5 []PathStep always

ReachedSecret
secret 1 SecretName always
hops 2 int32 always
ease 3 double always
path 4 []PathStep always

SecretName
namespace 1 string always
name 2 string always

SecretPath
hops 1 int32 always
ease 2 double always
path 3 []PathStep always

SecretReader
principal 1 Principal always
direct 2 bool always
hops 3 int32 always
risk 4 double always
factors 5 rawExtension always
path 6 []PathStep always

WhatCanReview
metadata 1 meta-v1.ObjectMeta always
spec 2 WhatCanReviewSpec always required
status 3 WhatCanReviewStatus always

WhatCanReviewSpec
subject 1 string required
limit 2 int32 optional

WhatCanReviewStatus
subject 1 string always
coverage 2 rawExtension always
namespaces 3 []ReachedNamespace always
secrets 4 []ReachedSecret always
identities 5 []ReachedIdentity always
total 6 int32 always
asMemberOf 7 string optional

WhoCanReview
metadata 1 meta-v1.ObjectMeta always
spec 2 WhoCanReviewSpec always required
status 3 WhoCanReviewStatus always

WhoCanReviewSpec
namespace 1 string required
secret 2 string required
direct 3 bool
maxHops 4 int32 optional
limit 5 int32 optional

WhoCanReviewStatus
secret 1 SecretName always
known 2 bool optional
coverage 3 rawExtension always
readers 4 []SecretReader always
consumers 5 []ObjectName always
total 6 int32 always
`;

const form = "user/NAME, group/NAME, node/NAME, sa/NAMESPACE/NAME, pod/NAMESPACE/NAME or secret/NAMESPACE/NAME";
const limit = "How many are told at most, from 1 to 1000; 100 by default.";
const metadata = "Is not kept.";
const coverage = "What was looked at, and what is unknown.";
const hops = "How many steps it takes; being a member of a group is none.";
const ease = "How easy it is, from 0 to 1.";

export const strongroomV1Descriptions = `
ObjectName: ObjectName names an object.
ObjectName.kind: Its kind.
ObjectName.namespace: Its namespace.
ObjectName.name: Its name.
PathReview: PathReview asks by which ways one thing leads to another. It is answered and not kept.
PathReview.metadata: ${metadata}
PathReview.spec: What is asked.
PathReview.status: The answer.
PathReviewSpec: PathReviewSpec is what a PathReview asks.
PathReviewSpec.from: Where the ways begin: ${form}.
PathReviewSpec.to: Where they end, in the same form.
PathReviewSpec.limit: ${limit}
PathReviewStatus: PathReviewStatus is the answer of a PathReview.
PathReviewStatus.from: As asked.
PathReviewStatus.to: As asked.
PathReviewStatus.coverage: ${coverage}
PathReviewStatus.paths: The ways, the easiest first; none visits anything twice.
PathReviewStatus.complete: False when there are more ways than were asked for, or than could be looked for.
PathReviewStatus.asMemberOf: The group that the answer is of, when nothing names who it is from.
PathStep: PathStep is one step of a way.
PathStep.edge: A stable word for what is done, such as get-secret or exec-pod.
PathStep.from: Who or what does it.
PathStep.to: What it leads to.
PathStep.because: Why it works, in words.
PathStep.proof: The objects and rules that show it.
PathStep.fix: What would end it.
PathStepProof: PathStepProof is an object that a step stands on.
PathStepProof.object: Its kind and name.
PathStepProof.rule: The number of the rule in a role, from 1.
PathStepProof.place: Where it is.
Principal: Principal is who can do something.
Principal.kind: User, Group, ServiceAccount or Node.
Principal.name: Its name.
Principal.namespace: Of an account; empty for others.
ReachedIdentity: ReachedIdentity is somebody whom the subject can act as.
ReachedIdentity.principal: Who it is.
ReachedIdentity.hops: ${hops}
ReachedIdentity.ease: ${ease}
ReachedIdentity.path: The easiest way.
ReachedNamespace: ReachedNamespace is a namespace of which every secret can be read.
ReachedNamespace.namespace: Its name; * for all.
ReachedNamespace.secretsKnown: How many secrets there are in it now.
ReachedNamespace.hops: ${hops}
ReachedNamespace.ease: ${ease}
ReachedNamespace.path: The easiest way.
ReachedSecret: ReachedSecret is a secret that can be read by itself.
ReachedSecret.secret: Which one.
ReachedSecret.hops: ${hops}
ReachedSecret.ease: ${ease}
ReachedSecret.path: The easiest way.
SecretName: SecretName names a secret.
SecretName.namespace: Its namespace.
SecretName.name: Its name.
SecretPath: SecretPath is one way from one thing to another.
SecretPath.hops: ${hops}
SecretPath.ease: ${ease}
SecretPath.path: Its steps.
SecretReader: SecretReader is somebody who can read the secret.
SecretReader.principal: Who it is.
SecretReader.direct: Whether the API gives it to them at once.
SecretReader.hops: ${hops}
SecretReader.risk: How bad that is, from 0 to 10.
SecretReader.factors: The factors that give the risk again.
SecretReader.path: The easiest way, or the shortest where steps were limited.
WhatCanReview: WhatCanReview asks which secrets somebody can come to, and as whom. It is answered and not kept.
WhatCanReview.metadata: ${metadata}
WhatCanReview.spec: What is asked.
WhatCanReview.status: The answer.
WhatCanReviewSpec: WhatCanReviewSpec is what a WhatCanReview asks.
WhatCanReviewSpec.subject: Who it is about: ${form}.
WhatCanReviewSpec.limit: ${limit}
WhatCanReviewStatus: WhatCanReviewStatus is the answer of a WhatCanReview.
WhatCanReviewStatus.subject: As asked.
WhatCanReviewStatus.coverage: ${coverage}
WhatCanReviewStatus.namespaces: Namespaces of which every secret can be read, also those made later.
WhatCanReviewStatus.secrets: Secrets that can be read one by one.
WhatCanReviewStatus.identities: Others whom the subject can act as.
WhatCanReviewStatus.total: How long the longest of the lists is, whatever the limit.
WhatCanReviewStatus.asMemberOf: The group that the answer is of, when nothing names the subject.
WhoCanReview: WhoCanReview asks who can read a secret, and by which way. It is answered and not kept.
WhoCanReview.metadata: ${metadata}
WhoCanReview.spec: What is asked.
WhoCanReview.status: The answer.
WhoCanReviewSpec: WhoCanReviewSpec is what a WhoCanReview asks.
WhoCanReviewSpec.namespace: The namespace of the secret.
WhoCanReviewSpec.secret: The name of the secret. It need not be there.
WhoCanReviewSpec.direct: Only those to whom the API gives it at once.
WhoCanReviewSpec.maxHops: Only those who need at most so many steps.
WhoCanReviewSpec.limit: ${limit}
WhoCanReviewStatus: WhoCanReviewStatus is the answer of a WhoCanReview.
WhoCanReviewStatus.secret: As asked.
WhoCanReviewStatus.known: Whether there is such a secret.
WhoCanReviewStatus.coverage: ${coverage}
WhoCanReviewStatus.readers: Who can read it, the worst first.
WhoCanReviewStatus.consumers: The workloads that refer to it, which is what it is there for.
WhoCanReviewStatus.total: How many can read it, whatever the limit.
`;
