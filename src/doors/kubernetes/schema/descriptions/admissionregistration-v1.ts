/** What the messages and fields of admissionregistration.k8s.io/v1 are, in our own words. */
export const admissionregistrationV1Descriptions = `
AuditAnnotation: AuditAnnotation adds to the audit record of a request.
AuditAnnotation.key: Name of the annotation, behind that of the policy.
AuditAnnotation.valueExpression: Expression for its value, a string; null for none.
ExpressionWarning: ExpressionWarning says what seems wrong with an expression.
ExpressionWarning.fieldRef: Where the expression is.
ExpressionWarning.warning: What seems wrong.
MatchCondition: MatchCondition is an expression that must be true for the policy to be asked.
MatchCondition.name: Name of the condition, for messages.
MatchCondition.expression: Expression over object, oldObject, request, namespaceObject and params.
MatchResources: MatchResources says which changes are meant.
MatchResources.namespaceSelector: Labels of the namespace; empty means every one.
MatchResources.objectSelector: Labels of the object, before or after the change; empty means every one.
MatchResources.resourceRules: Operations on resources that are meant; one that applies is enough.
MatchResources.excludeResourceRules: Operations on resources that are not meant, whatever else applies.
MatchResources.matchPolicy: Whether requests in other versions of a resource are meant too.
NamedRuleWithOperations: NamedRuleWithOperations is operations on resources, or on some objects of them.
NamedRuleWithOperations.resourceNames: Names of the objects; none means all.
NamedRuleWithOperations.operations: CREATE, UPDATE, DELETE, CONNECT or * for all.
NamedRuleWithOperations.apiGroups: API groups, or * for all.
NamedRuleWithOperations.apiVersions: Versions, or * for all.
NamedRuleWithOperations.resources: Resources as in roles: pods, pods/status, */status, pods/*, * or */*.
NamedRuleWithOperations.scope: Cluster, Namespaced or * for both.
ParamKind: ParamKind is the kind of objects that hold parameters.
ParamKind.apiVersion: Group and version of the kind.
ParamKind.kind: Name of the kind.
ParamRef: ParamRef says which objects hold the parameters.
ParamRef.name: Name of the one object; not with a selector.
ParamRef.namespace: Its namespace; left out: that of the request.
ParamRef.selector: Labels of the objects, of which each is asked; not with a name.
ParamRef.parameterNotFoundAction: Allow or Deny what cannot be asked for lack of parameters.
TypeChecking: TypeChecking is what is known of the types in expressions.
TypeChecking.expressionWarnings: What seems wrong, by expression.
ValidatingAdmissionPolicy: ValidatingAdmissionPolicy says by expressions what changes must be like. It holds where a ValidatingAdmissionPolicyBinding says so.
ValidatingAdmissionPolicy.metadata: Name, labels, annotations and what else every object has.
ValidatingAdmissionPolicy.spec: Which changes are meant, and what they must be like.
ValidatingAdmissionPolicy.status: What is known of the policy.
ValidatingAdmissionPolicyBinding: ValidatingAdmissionPolicyBinding says where a policy holds, and what becomes of what fails it.
ValidatingAdmissionPolicyBinding.metadata: Name, labels, annotations and what else every object has.
ValidatingAdmissionPolicyBinding.spec: The policy, where it holds, and what becomes of failures.
ValidatingAdmissionPolicyBindingList: ValidatingAdmissionPolicyBindingList is a list of ValidatingAdmissionPolicyBindings.
ValidatingAdmissionPolicyBindingList.metadata: Version of the list and how to read on.
ValidatingAdmissionPolicyBindingList.items: The bindings.
ValidatingAdmissionPolicyBindingSpec: ValidatingAdmissionPolicyBindingSpec is what a binding says.
ValidatingAdmissionPolicyBindingSpec.policyName: Name of the policy.
ValidatingAdmissionPolicyBindingSpec.paramRef: Where its parameters are.
ValidatingAdmissionPolicyBindingSpec.matchResources: Which of the changes that the policy means; left out: all.
ValidatingAdmissionPolicyBindingSpec.validationActions: Deny, Warn (not both) or Audit.
ValidatingAdmissionPolicyList: ValidatingAdmissionPolicyList is a list of ValidatingAdmissionPolicies.
ValidatingAdmissionPolicyList.metadata: Version of the list and how to read on.
ValidatingAdmissionPolicyList.items: The policies.
ValidatingAdmissionPolicySpec: ValidatingAdmissionPolicySpec is what a policy says.
ValidatingAdmissionPolicySpec.paramKind: Kind of the objects that hold parameters, which expressions know as params.
ValidatingAdmissionPolicySpec.matchConstraints: Which changes are meant.
ValidatingAdmissionPolicySpec.validations: What they must be like: each must be true.
ValidatingAdmissionPolicySpec.failurePolicy: Fail or Ignore what cannot be evaluated.
ValidatingAdmissionPolicySpec.auditAnnotations: What is added to the audit record.
ValidatingAdmissionPolicySpec.matchConditions: Expressions that must be true for the policy to be asked.
ValidatingAdmissionPolicySpec.variables: Expressions with names, which those after them know as variables.NAME.
ValidatingAdmissionPolicyStatus: ValidatingAdmissionPolicyStatus is what is known of a policy.
ValidatingAdmissionPolicyStatus.observedGeneration: Generation that this is about.
ValidatingAdmissionPolicyStatus.typeChecking: What is known of the types in its expressions.
ValidatingAdmissionPolicyStatus.conditions: What else is known.
Validation: Validation is an expression that must be true.
Validation.expression: Expression over object, oldObject, request, namespaceObject, params and variables. Of a Secret it sees keys, sizes (each value is as many asterisks as it has bytes), type and metadata.
Validation.message: What is said when it is not true.
Validation.reason: Forbidden, Invalid (the default) or RequestEntityTooLarge.
Validation.messageExpression: Expression for what is said, instead of message.
Variable: Variable is an expression with a name.
Variable.name: Name of the variable.
Variable.expression: Expression for its value.
`;
