"""A job that asks its platform for a token, by the platform's own SDK for Python.

`job.py PLATFORM [ARGUMENT...]` prints what it got, in JSON.
"""

import json
import sys


def aws(audience, algorithm):
    import boto3

    sts = boto3.client("sts")
    request = {"Audience": [audience], "SigningAlgorithm": algorithm, "DurationSeconds": 60}
    token = sts.get_web_identity_token(**request)
    identity = sts.get_caller_identity()
    expiration = token["Expiration"].isoformat()
    return {"token": token["WebIdentityToken"], "expiration": expiration, "arn": identity["Arn"]}


def gcp(audience):
    import google.auth
    from google.auth import compute_engine
    from google.auth.transport.requests import Request

    request = Request()
    credentials, project = google.auth.default()
    credentials.refresh(request)
    identity = compute_engine.IDTokenCredentials(
        request, audience, use_metadata_identity_endpoint=True
    )
    identity.refresh(request)
    return {
        "token": identity.token,
        "access_token": credentials.token,
        "email": credentials.service_account_email,
        "project": project,
    }


def gcp_verify(token, audience, certs_url):
    from google.auth.transport.requests import Request
    from google.oauth2 import id_token

    return id_token.verify_token(token, Request(), audience, certs_url=certs_url)


def azure(scope, client_id=None):
    from azure.identity import ManagedIdentityCredential

    token = ManagedIdentityCredential(client_id=client_id).get_token(scope)
    return {"token": token.token, "expires_on": token.expires_on}


def azure_workload(scope):
    from azure.identity import WorkloadIdentityCredential

    token = WorkloadIdentityCredential(disable_instance_discovery=True).get_token(scope)
    return {"token": token.token, "expires_on": token.expires_on}


def kubernetes(host, namespace, name, audience):
    from kubernetes import client

    api = client.CoreV1Api(client.ApiClient(client.Configuration(host=host)))
    spec = client.V1TokenRequestSpec(audiences=[audience], expiration_seconds=600)
    body = client.AuthenticationV1TokenRequest(spec=spec)
    answer = api.create_namespaced_service_account_token(name, namespace, body)
    expiration = answer.status.expiration_timestamp.isoformat()
    return {"token": answer.status.token, "expiration": expiration, "kind": answer.kind}


def spiffe(token, bundle, trust_domain, audience):
    from spiffe import JwtBundle, JwtSvid, TrustDomain

    bundle = JwtBundle.parse(TrustDomain(trust_domain), bundle.encode())
    svid = JwtSvid.parse_and_validate(token, bundle, {audience})
    return {"spiffe_id": str(svid.spiffe_id), "audience": sorted(svid.audience)}


JOBS = {
    job.__name__: job for job in (aws, gcp, gcp_verify, azure, azure_workload, kubernetes, spiffe)
}

if __name__ == "__main__":
    print(json.dumps(JOBS[sys.argv[1]](*sys.argv[2:])))
