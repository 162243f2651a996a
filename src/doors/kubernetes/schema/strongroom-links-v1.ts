/** The messages of links: a secret that is kept the same as another one. Numbers are never used again for another field. */
export const strongroomLinksV1Table = `

SecretLink
metadata 1 meta-v1.ObjectMeta always
spec 2 SecretLinkSpec always required
status 3 SecretLinkStatus always

SecretLinkList
metadata 1 meta-v1.ListMeta always
items 2 []SecretLink always required

SecretLinkSource
namespace 1 string always required
name 2 string always required

SecretLinkSpec
source 1 SecretLinkSource always required

SecretLinkStatus
phase 1 string
message 2 string
`;

/** What they and their fields are, in our own words. */
export const strongroomLinksV1Descriptions = `
SecretLink: SecretLink keeps the secret of its own namespace and name the same as another one, for instance one of another cluster.
SecretLink.metadata: Name, labels, annotations and what else every object has. The secret is given the same labels.
SecretLink.spec: Which secret it is kept the same as.
SecretLink.status: What has come of it.
SecretLinkList: SecretLinkList is a list of SecretLinks.
SecretLinkList.metadata: Version of the list and how to read on.
SecretLinkList.items: The SecretLinks.
SecretLinkSource: SecretLinkSource names the secret whose type and values are shared.
SecretLinkSource.namespace: Its namespace.
SecretLinkSource.name: Its name.
SecretLinkSpec: SecretLinkSpec says which secret is shared. Writing it takes the right to get that, and to create, update and delete the one that it makes.
SecretLinkSpec.source: The secret that is shared. It is none that is linked itself.
SecretLinkStatus: SecretLinkStatus says what has come of a link.
SecretLinkStatus.phase: Waiting (there is no such secret), Linked, Taken (another secret has the name) or Refused.
SecretLinkStatus.message: Why, in words.
`;
