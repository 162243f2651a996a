/** What the messages and fields outside of core/v1 are, in our own words. */

const authenticationV1 = `
SelfSubjectReview: SelfSubjectReview tells its author who they are to the server. It is answered and not kept.
SelfSubjectReview.metadata: Name, labels, annotations and what else every object has.
SelfSubjectReview.status: The answer.
SelfSubjectReviewStatus: SelfSubjectReviewStatus is the answer of a SelfSubjectReview.
SelfSubjectReviewStatus.userInfo: Who the author is.
BoundObjectReference: BoundObjectReference names the object that a token ends with.
BoundObjectReference.kind: Pod, Secret or Node.
BoundObjectReference.apiVersion: v1.
BoundObjectReference.name: Name of the object.
BoundObjectReference.uid: Its uid, if it must be that one.
TokenRequest: TokenRequest asks for a token of a service account.
TokenRequest.metadata: Name, namespace and uid of the account, if they are to be checked.
TokenRequest.spec: What is asked for.
TokenRequest.status: The token.
TokenRequestSpec: TokenRequestSpec says what the token is for and how long.
TokenRequestSpec.audiences: Who is to take the token; none stands for this server.
TokenRequestSpec.expirationSeconds: How long it lives, from 600; the answer says what it was given. Default 3600.
TokenRequestSpec.boundObjectRef: The object that it ends with, beside its account.
TokenRequestStatus: TokenRequestStatus has the token.
TokenRequestStatus.token: The token. Whoever has it is the account.
TokenRequestStatus.expirationTimestamp: When to have got another one.
TokenReview: TokenReview asks whose a token is. It is answered and not kept.
TokenReview.metadata: Name, labels, annotations and what else every object has.
TokenReview.spec: The token.
TokenReview.status: The answer.
TokenReviewSpec: TokenReviewSpec has the token that is asked about.
TokenReviewSpec.token: The token.
TokenReviewSpec.audiences: Those of whom one asks; none stands for this server.
TokenReviewStatus: TokenReviewStatus says whose a token is.
TokenReviewStatus.authenticated: Whether it counts.
TokenReviewStatus.user: Who the one that has it is.
TokenReviewStatus.audiences: Those of the asked audiences that it is for.
TokenReviewStatus.error: Why it does not count.
UserInfo: UserInfo is a user as authentication found them.
UserInfo.username: Name, by which roles are given.
UserInfo.uid: An id that tells users of one name at different times apart.
UserInfo.groups: Groups, by which roles are given.
UserInfo.extra: What else is known of them.
`;

const authorizationV1 = `
FieldSelectorAttributes: FieldSelectorAttributes is the field selector of a request that is asked about.
FieldSelectorAttributes.rawSelector: As in the query of a request.
FieldSelectorAttributes.requirements: As a list, of which all must hold.
LabelSelectorAttributes: LabelSelectorAttributes is the label selector of a request that is asked about.
LabelSelectorAttributes.rawSelector: As in the query of a request.
LabelSelectorAttributes.requirements: As a list, of which all must hold.
LocalSubjectAccessReview: LocalSubjectAccessReview asks whether somebody may do something in its namespace. It is answered and not kept.
LocalSubjectAccessReview.metadata: Has the namespace, and nothing else.
LocalSubjectAccessReview.spec: What is asked; the namespace in it must be that of the review.
LocalSubjectAccessReview.status: The answer.
NonResourceAttributes: NonResourceAttributes is a request for a path.
NonResourceAttributes.path: The path.
NonResourceAttributes.verb: Lower-case HTTP method.
NonResourceRule: NonResourceRule is something that may be done with paths.
NonResourceRule.verbs: Lower-case HTTP methods, or * for all.
NonResourceRule.nonResourceURLs: Paths, or their beginnings before a trailing *.
ResourceAttributes: ResourceAttributes is a request for a resource.
ResourceAttributes.namespace: Namespace; none stands for all, and for what is outside of namespaces.
ResourceAttributes.verb: get, list, watch, create, update, patch, delete, ... or * for all.
ResourceAttributes.group: API group, or * for all.
ResourceAttributes.version: Version of the group; none stands for all.
ResourceAttributes.resource: Resource, or * for all.
ResourceAttributes.subresource: Subresource, if one is meant.
ResourceAttributes.name: Name of the object; none stands for all.
ResourceAttributes.fieldSelector: Field selector of a list or watch.
ResourceAttributes.labelSelector: Label selector of a list or watch.
ResourceRule: ResourceRule is something that may be done with resources.
ResourceRule.verbs: What may be done, or * for all.
ResourceRule.apiGroups: Groups of the resources, or * for all.
ResourceRule.resources: Resources and subresources, or * for all.
ResourceRule.resourceNames: Names of the objects; none means all.
SelfSubjectAccessReview: SelfSubjectAccessReview asks whether its author may do something. It is answered and not kept.
SelfSubjectAccessReview.metadata: Must be empty.
SelfSubjectAccessReview.spec: What is asked.
SelfSubjectAccessReview.status: The answer.
SelfSubjectAccessReviewSpec: SelfSubjectAccessReviewSpec is one request, for a resource or for a path.
SelfSubjectAccessReviewSpec.resourceAttributes: A request for a resource.
SelfSubjectAccessReviewSpec.nonResourceAttributes: A request for a path.
SelfSubjectRulesReview: SelfSubjectRulesReview asks what its author may do in a namespace. It is answered and not kept.
SelfSubjectRulesReview.metadata: Name, labels, annotations and what else every object has.
SelfSubjectRulesReview.spec: What is asked.
SelfSubjectRulesReview.status: The answer.
SelfSubjectRulesReviewSpec: SelfSubjectRulesReviewSpec says where.
SelfSubjectRulesReviewSpec.namespace: The namespace. Needed.
SubjectAccessReview: SubjectAccessReview asks whether somebody may do something. It is answered and not kept.
SubjectAccessReview.metadata: Must be empty.
SubjectAccessReview.spec: What is asked.
SubjectAccessReview.status: The answer.
SubjectAccessReviewSpec: SubjectAccessReviewSpec is one request, for a resource or for a path, and who would make it.
SubjectAccessReviewSpec.resourceAttributes: A request for a resource.
SubjectAccessReviewSpec.nonResourceAttributes: A request for a path.
SubjectAccessReviewSpec.user: Name of the user. With a user and no groups, somebody in no group is meant.
SubjectAccessReviewSpec.groups: Groups of the user.
SubjectAccessReviewSpec.extra: What else is known of the user.
SubjectAccessReviewSpec.uid: Id of the user.
SubjectAccessReviewStatus: SubjectAccessReviewStatus is the answer whether something may be done.
SubjectAccessReviewStatus.allowed: Whether it may.
SubjectAccessReviewStatus.denied: Whether somebody forbids it, beside nobody allowing it.
SubjectAccessReviewStatus.reason: Why.
SubjectAccessReviewStatus.evaluationError: What could not be evaluated; it may be allowed all the same.
SubjectRulesReviewStatus: SubjectRulesReviewStatus is what somebody may do.
SubjectRulesReviewStatus.resourceRules: What they may do with resources, in no order and with repetitions.
SubjectRulesReviewStatus.nonResourceRules: What they may do with paths, in no order and with repetitions.
SubjectRulesReviewStatus.incomplete: Whether they may do more.
SubjectRulesReviewStatus.evaluationError: What could not be evaluated.
`;

const coordinationV1 = `
Lease: Lease says who holds a role among many, and until when.
Lease.metadata: Name, labels, annotations and what else every object has.
Lease.spec: Who holds it, and since when.
LeaseList: LeaseList is a list of Leases.
LeaseList.metadata: Version of the list and how to read on.
LeaseList.items: The Leases.
LeaseSpec: LeaseSpec says who holds a lease.
LeaseSpec.holderIdentity: Who holds it.
LeaseSpec.leaseDurationSeconds: How long after renewTime others have to wait to take it.
LeaseSpec.acquireTime: When it was taken.
LeaseSpec.renewTime: When the holder last renewed it.
LeaseSpec.leaseTransitions: How often it passed to another holder.
LeaseSpec.strategy: How a holder is chosen, where that is coordinated.
LeaseSpec.preferredHolder: Who should take it next.
`;

const eventsV1 = `
Event: Event tells of something that happened to an object. It is the same record as the Event of core/v1, and goes by itself after an hour.
Event.metadata: Name, labels, annotations and what else every object has.
Event.eventTime: When it was first seen. Needed on create.
Event.series: How it goes on, if it does.
Event.reportingController: Name of the controller that reports, e.g. kubernetes.io/kubelet.
Event.reportingInstance: Which instance of it, e.g. the name of a node.
Event.action: What was done or failed, in one word.
Event.reason: Why, in one word for programs.
Event.regarding: The object it is about.
Event.related: Another object it has to do with.
Event.note: What happened, for people.
Event.type: Normal, or Warning when someone should look.
Event.deprecatedSource: Who reported it, in the form of core/v1.
Event.deprecatedFirstTimestamp: When it was first seen, in the form of core/v1.
Event.deprecatedLastTimestamp: When it was last seen, in the form of core/v1.
Event.deprecatedCount: How often it was seen, in the form of core/v1.
EventList: EventList is a list of Events.
EventList.metadata: Version of the list and how to read on.
EventList.items: The Events.
EventSeries: EventSeries tells how something that happens again and again goes on.
EventSeries.count: How often it was seen up to the last time.
EventSeries.lastObservedTime: When it was last seen.
`;

const metaV1 = `
FieldSelectorRequirement: FieldSelectorRequirement is one condition on a field.
FieldSelectorRequirement.key: Path of the field.
FieldSelectorRequirement.operator: In, NotIn, Exists or DoesNotExist.
FieldSelectorRequirement.values: Values for In and NotIn.
LabelSelector: LabelSelector selects objects by their labels; all of its parts must hold, and an empty one selects everything.
LabelSelector.matchLabels: Labels an object must have.
LabelSelector.matchExpressions: What must hold of an object's labels.
LabelSelectorRequirement: LabelSelectorRequirement is one condition on a label.
LabelSelectorRequirement.key: Key of the label.
LabelSelectorRequirement.operator: In, NotIn, Exists or DoesNotExist.
LabelSelectorRequirement.values: Values for In and NotIn.
`;

const rbacV1 = `
AggregationRule: AggregationRule makes a ClusterRole of others.
AggregationRule.clusterRoleSelectors: Labels of the ClusterRoles whose rules it gathers.
Role: Role says what may be done in its namespace; a RoleBinding says by whom.
Role.metadata: Name, labels, annotations and what else every object has.
Role.rules: What may be done.
RoleList: RoleList is a list of Roles.
RoleList.metadata: Version of the list and how to read on.
RoleList.items: The Roles.
ClusterRole: ClusterRole says what may be done everywhere, or in each namespace that a RoleBinding names it in.
ClusterRole.metadata: Name, labels, annotations and what else every object has.
ClusterRole.rules: What may be done.
ClusterRole.aggregationRule: Whose rules it gathers; rules are then overwritten.
ClusterRoleList: ClusterRoleList is a list of ClusterRoles.
ClusterRoleList.metadata: Version of the list and how to read on.
ClusterRoleList.items: The ClusterRoles.
PolicyRule: PolicyRule is something that may be done: verbs, and what to. Rules only ever add.
PolicyRule.verbs: What may be done: get, list, watch, create, update, patch, delete, ... or * for all.
PolicyRule.apiGroups: Groups of the resources; the empty name is the core group, * all.
PolicyRule.resources: Resources and subresources, e.g. secrets, pods/status, or * for all.
PolicyRule.resourceNames: Names of the objects; none means all. Does not help with create, nor with lists that do not name one.
PolicyRule.nonResourceURLs: Paths that are no resources, e.g. /healthz; in ClusterRoles only.
RoleBinding: RoleBinding gives a role to users, groups and accounts, in its namespace.
RoleBinding.metadata: Name, labels, annotations and what else every object has.
RoleBinding.subjects: Who has the role.
RoleBinding.roleRef: The role. It can not be changed later.
RoleBindingList: RoleBindingList is a list of RoleBindings.
RoleBindingList.metadata: Version of the list and how to read on.
RoleBindingList.items: The RoleBindings.
ClusterRoleBinding: ClusterRoleBinding gives a ClusterRole to users, groups and accounts, everywhere.
ClusterRoleBinding.metadata: Name, labels, annotations and what else every object has.
ClusterRoleBinding.subjects: Who has the role.
ClusterRoleBinding.roleRef: The role. It can not be changed later.
ClusterRoleBindingList: ClusterRoleBindingList is a list of ClusterRoleBindings.
ClusterRoleBindingList.metadata: Version of the list and how to read on.
ClusterRoleBindingList.items: The ClusterRoleBindings.
RoleRef: RoleRef names a role.
RoleRef.apiGroup: Group of the role: rbac.authorization.k8s.io.
RoleRef.kind: Role or ClusterRole.
RoleRef.name: Name of the role.
Subject: Subject is a user, a group or an account.
Subject.kind: User, Group or ServiceAccount.
Subject.apiGroup: Group of the kind: rbac.authorization.k8s.io for users and groups, empty for accounts.
Subject.name: Name of the subject.
Subject.namespace: Namespace of an account.
`;

const strongroomPolicyV1 = `
ClusterSecretPolicy: ClusterSecretPolicy denies some users secrets in all namespaces, whatever their roles allow.
ClusterSecretPolicy.metadata: Name, labels, annotations and what else every object has.
ClusterSecretPolicy.spec: Whom it denies what, and when.
ClusterSecretPolicyList: ClusterSecretPolicyList is a list of ClusterSecretPolicies.
ClusterSecretPolicyList.metadata: Version of the list and how to read on.
ClusterSecretPolicyList.items: The ClusterSecretPolicies.
DenyRule: DenyRule denies the requests that all of its parts apply to. A part that is left out applies to every request.
DenyRule.verbs: Verbs on secrets: get, list, watch, patch, delete, deletecollection, create, update, or * for all of them. Left out: those whose answers can have values, which are the first six.
DenyRule.namespaces: Patterns of namespaces, in a ClusterSecretPolicy. In a pattern * stands for any characters and ? for one.
DenyRule.names: Patterns of names of secrets. A request that names no secret, as a list, is denied if any secret could be meant.
DenyRule.selector: Labels of the secrets. A secret that is not there is denied too, since the answer would tell that it is not.
DenyRule.condition: An expression in CEL over user (username, uid, groups, extra), verb, secret (namespace, name, labels), door, source (the address of the client; inCIDR(source, '10.0.0.0/8') tells networks) and time (now; time.getHours('Europe/Berlin')). The request is denied when it is true, and when it has no result.
SecretPolicy: SecretPolicy denies some users secrets in its namespace, whatever their roles allow.
SecretPolicy.metadata: Name, labels, annotations and what else every object has.
SecretPolicy.spec: Whom it denies what, and when.
SecretPolicyList: SecretPolicyList is a list of SecretPolicies.
SecretPolicyList.metadata: Version of the list and how to read on.
SecretPolicyList.items: The SecretPolicies.
SecretPolicySpec: SecretPolicySpec says whom a policy denies what, and when.
SecretPolicySpec.mode: warn (the default) lets requests pass with a warning and notes them in the audit log; enforce denies them.
SecretPolicySpec.subjects: Users, groups and accounts, as in a RoleBinding. Nodes and controllers are meant only if they or their group (system:nodes, system:serviceaccounts:kube-system) are named. Members of system:masters are warned, not denied.
SecretPolicySpec.deny: What is denied; one rule that applies is enough.
SecretPolicySpec.notBefore: The policy holds from then on. Left out: at once.
SecretPolicySpec.notAfter: The policy holds until then. Left out: for ever.
`;

/** By package. */
export const groupDescriptions = {
  strongroomPolicyV1,
  authenticationV1,
  authorizationV1,
  coordinationV1,
  eventsV1,
  metaV1,
  rbacV1,
};
