/** The kinds that tell of versions and of the trash, in the form of message-table.ts, and what they are. */
export const strongroomVersionsV1Table = `

DeletedSecret
metadata 1 meta-v1.ObjectMeta always
secret 2 string always
type 3 string always
version 4 int64 always
sizeBytes 5 int64 always
author 6 string always
door 7 string always
deleted 8 string always

DeletedSecretList
metadata 1 meta-v1.ListMeta always
items 2 []DeletedSecret always required

SecretRestore
metadata 1 meta-v1.ObjectMeta always
status 2 SecretRestoreStatus always

SecretRestoreStatus
secret 1 string always
uid 2 string always
version 3 int64 always
resourceVersion 4 string

SecretRollback
metadata 1 meta-v1.ObjectMeta always
spec 2 SecretRollbackSpec always required
status 3 SecretRollbackStatus always

SecretRollbackSpec
toVersion 1 int64 always required

SecretRollbackStatus
version 1 int64 always
changed 2 bool always
resourceVersion 3 string always

SecretVersion
metadata 1 meta-v1.ObjectMeta always
secret 2 string always
secretUID 3 string always
version 4 int64 always
current 5 bool always
type 6 string always
author 7 string always
door 8 string always
time 9 string always
again 10 int64 optional
sizeBytes 11 int64 always
keys 12 []SecretVersionKey always
changes 13 SecretVersionChanges optional
data 14 {}bytes

SecretVersionChanges
added 1 []string
changed 2 []string
removed 3 []string

SecretVersionKey
name 1 string always
sizeBytes 2 int64 always

SecretVersionList
metadata 1 meta-v1.ListMeta always
items 2 []SecretVersion always required
`;

const door = "Through which door.";

export const strongroomVersionsV1Descriptions = `
DeletedSecret: DeletedSecret is a Secret that was deleted and is still in the trash with its versions. Its values are not told.
DeletedSecret.metadata: Its name is that of the Secret, a dot, and the uid that its versions are kept under.
DeletedSecret.secret: The name that the Secret had, and gets again.
DeletedSecret.type: The type of the Secret.
DeletedSecret.version: The number of its last version.
DeletedSecret.sizeBytes: Bytes of all its versions that are kept.
DeletedSecret.author: Who deleted it.
DeletedSecret.door: ${door}
DeletedSecret.deleted: When, to the millisecond.
DeletedSecretList: DeletedSecretList is a list of deleted secrets.
DeletedSecretList.metadata: Version of the list and how to read on.
DeletedSecretList.items: The deleted secrets.
SecretRestore: SecretRestore brings a deleted Secret back, with its versions and a uid of its own. It is not kept.
SecretRestore.metadata: A resourceVersion in it must be that of the deleted Secret.
SecretRestore.status: What was done.
SecretRestoreStatus: SecretRestoreStatus is what a SecretRestore did.
SecretRestoreStatus.secret: The name of the Secret.
SecretRestoreStatus.uid: Its new uid.
SecretRestoreStatus.version: Its new version, whose values are those of the last one.
SecretRestoreStatus.resourceVersion: Of the Secret; empty in a dry run.
SecretRollback: SecretRollback makes the values of an earlier version of a Secret current again. It is not kept.
SecretRollback.metadata: A resourceVersion or uid in it must be that of the Secret.
SecretRollback.spec: What is asked.
SecretRollback.status: What was done.
SecretRollbackSpec: SecretRollbackSpec is what a SecretRollback asks.
SecretRollbackSpec.toVersion: The number of the version.
SecretRollbackStatus: SecretRollbackStatus is what a SecretRollback did.
SecretRollbackStatus.version: The version that is current now.
SecretRollbackStatus.changed: False when the values were current already, and in a dry run.
SecretRollbackStatus.resourceVersion: Of the Secret.
SecretVersion: SecretVersion is one version of the values of a Secret: who wrote it, when, and which keys it has.
SecretVersion.metadata: Its name is that of the Secret, with .v and the number of the version.
SecretVersion.secret: The name of the Secret.
SecretVersion.secretUID: The uid of the Secret.
SecretVersion.version: The number of the version: 1, 2, ... without gaps.
SecretVersion.current: Whether these are the values that the Secret has now.
SecretVersion.type: The type of the Secret.
SecretVersion.author: Who wrote it.
SecretVersion.door: ${door}
SecretVersion.time: When, to the millisecond.
SecretVersion.again: The earlier version whose values it made current again; absent where they were written.
SecretVersion.sizeBytes: Bytes of its values as they are stored.
SecretVersion.keys: Its keys, with the sizes of their values.
SecretVersion.changes: Which keys are other than in the version before; absent where that one is no longer kept.
SecretVersion.data: The values, each encoded in base64. Only in answers of the subresource value.
SecretVersionChanges: SecretVersionChanges names keys that are other than in the version before.
SecretVersionChanges.added: Keys that are new.
SecretVersionChanges.changed: Keys with another value.
SecretVersionChanges.removed: Keys that are gone.
SecretVersionKey: SecretVersionKey is a key of a version.
SecretVersionKey.name: The key.
SecretVersionKey.sizeBytes: Bytes of its value.
SecretVersionList: SecretVersionList is a list of versions.
SecretVersionList.metadata: Version of the list and how to read on.
SecretVersionList.items: The versions, of each Secret from the oldest to the newest.
`;
