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
`;
