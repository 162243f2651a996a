/**
 * The user that a service account is: `system:serviceaccount:NAMESPACE:NAME`.
 * Source: apiserver pkg/authentication/serviceaccount/util.go.
 */
export interface AccountPlace {
  readonly namespace: string;
  readonly name: string;
}

const form = /^system:serviceaccount:([^:]+):([^:]+)$/;

/** The account that a user name stands for, or undefined when for none. */
export function serviceAccountOf(userName: string): AccountPlace | undefined {
  const [, namespace, name] = form.exec(userName) ?? [];
  return namespace === undefined || name === undefined ? undefined : { namespace, name };
}
