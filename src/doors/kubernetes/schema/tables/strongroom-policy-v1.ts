/** Messages of policies, in the form that schema/message-table.ts describes. Numbers are never used again for another field. */
export const strongroomPolicyV1Table = `

ClusterSecretPolicy
metadata 1 meta-v1.ObjectMeta always
spec 2 SecretPolicySpec always required

ClusterSecretPolicyList
metadata 1 meta-v1.ListMeta always
items 2 []ClusterSecretPolicy always required

DenyRule
verbs 1 []string set
namespaces 2 []string set
names 3 []string set
selector 4 meta-v1.LabelSelector optional
condition 5 string

SecretPolicy
metadata 1 meta-v1.ObjectMeta always
spec 2 SecretPolicySpec always required

SecretPolicyList
metadata 1 meta-v1.ListMeta always
items 2 []SecretPolicy always required

SecretPolicySpec
mode 1 string
subjects 2 []rbac-v1.Subject required
deny 3 []DenyRule required
notBefore 4 time optional
notAfter 5 time optional
`;
