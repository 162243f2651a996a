"""Drives a Kubernetes API server through the official Python client.

    peer.py KUBECONFIG TASK

prints a line for each thing it sees; fails when something is not as a Kubernetes API
server does it. The task `follow` begins again whenever its watch ends, until its
standard input ends.
"""

import sys
import threading

from kubernetes import client, config, dynamic, watch
from kubernetes.client.exceptions import ApiException

NAMESPACE = "python"


def secret(name, values=None, labels=None):
    return client.V1Secret(
        metadata=client.V1ObjectMeta(name=name, labels=labels), string_data=values or {}
    )


def reason_of(call):
    """The reason of the failure that a call must have."""
    try:
        call()
    except ApiException as error:
        return f"{error.status} {error.reason}"
    raise AssertionError("the call must fail")


def typed(core):
    made = core.create_namespaced_secret(NAMESPACE, secret("typed", {"user": "ann"}))
    print("created", made.metadata.name, made.type, made.data, made.metadata.creation_timestamp.tzinfo)
    read = core.read_namespaced_secret("typed", NAMESPACE)
    assert read == made, "what is read is what was created"
    read.data["user"] = "Ym9i"
    updated = core.replace_namespaced_secret("typed", NAMESPACE, read)
    print("replaced", updated.data)
    print("stale:", reason_of(lambda: core.replace_namespaced_secret("typed", NAMESPACE, made)))
    patched = core.patch_namespaced_secret("typed", NAMESPACE, {"stringData": {"more": "1"}})
    print("patched", sorted(patched.data))
    by_json = [{"op": "remove", "path": "/data/more"}]
    print("patched", sorted(core.patch_namespaced_secret("typed", NAMESPACE, by_json).data))
    print("again:", reason_of(lambda: core.create_namespaced_secret(NAMESPACE, secret("typed"))))
    print("invalid:", reason_of(lambda: core.create_namespaced_secret(NAMESPACE, secret("Bad_Name"))))
    status = core.delete_namespaced_secret("typed", NAMESPACE)
    print("deleted", status["status"])
    print("gone:", reason_of(lambda: core.read_namespaced_secret("typed", NAMESPACE)))


def pages(core):
    for name in "abcde":
        core.create_namespaced_secret(NAMESPACE, secret(name, labels={"app": "web"}))
    names, token = [], None
    while True:
        page = core.list_namespaced_secret(NAMESPACE, limit=2, _continue=token, label_selector="app=web")
        names += [item.metadata.name for item in page.items]
        token = page.metadata._continue
        if not token:
            break
    print("listed", *names)
    everywhere = core.list_secret_for_all_namespaces(field_selector="metadata.name=c")
    print("everywhere", *[f"{item.metadata.namespace}/{item.metadata.name}" for item in everywhere.items])
    gone = core.delete_collection_namespaced_secret(NAMESPACE, label_selector="app=web")
    print("deleted", gone.kind)


def any_kind(core):
    resources = dynamic.DynamicClient(core.api_client)
    secrets = resources.resources.get(api_version="v1", kind="Secret")
    made = secrets.create(
        namespace=NAMESPACE,
        body={"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "any"}, "stringData": {"k": "v"}},
    )
    print("created", made.metadata.name, made.data.k)
    merged = secrets.patch(
        namespace=NAMESPACE, name="any", body={"data": {"k": "dw=="}}, content_type="application/merge-patch+json"
    )
    print("merged", merged.data.k)
    applied = secrets.server_side_apply(
        namespace=NAMESPACE,
        body={"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "any"}, "data": {"l": "dw=="}},
        field_manager="python",
    )
    print("applied", sorted(applied.data.to_dict()))
    secrets.delete(namespace=NAMESPACE, name="any")


def watches(core):
    listed = core.list_namespaced_secret(NAMESPACE)
    core.create_namespaced_secret(NAMESPACE, secret("watched", {"k": "1"}))
    core.patch_namespaced_secret("watched", NAMESPACE, {"stringData": {"k": "2"}})
    core.delete_namespaced_secret("watched", NAMESPACE)
    stream = watch.Watch()
    since = listed.metadata.resource_version
    for event in stream.stream(core.list_namespaced_secret, NAMESPACE, resource_version=since, timeout_seconds=20):
        print(event["type"], event["object"].metadata.name, event["object"].data["k"])
        if event["type"] == "DELETED":
            stream.stop()


def follow(core):
    """The loop of most controllers in Python: list, then watch; list again after a 410."""

    def forever():
        stream = watch.Watch()
        while True:
            listed = core.list_namespaced_secret(NAMESPACE)
            print("listed", *sorted(item.metadata.name for item in listed.items), flush=True)
            since = listed.metadata.resource_version
            try:
                # Goes on by itself, from the last version it saw, whenever the server ends a watch.
                for event in stream.stream(core.list_namespaced_secret, NAMESPACE, resource_version=since):
                    print(event["type"], event["object"].metadata.name, flush=True)
            except ApiException as error:
                print(error.status, flush=True)

    threading.Thread(target=forever, daemon=True).start()
    sys.stdin.read()


TASKS = {"typed": typed, "pages": pages, "any": any_kind, "watches": watches, "follow": follow}

if __name__ == "__main__":
    config.load_kube_config(config_file=sys.argv[1])
    TASKS[sys.argv[2]](client.CoreV1Api())
