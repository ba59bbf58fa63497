"""What an issuer that stands in for a platform is told of the job."""

from typing import Any, TypedDict


class GithubActions(TypedDict, total=False):
    """A job of a workflow."""

    issuer: str
    repository: str
    repository_id: str
    repository_owner_id: str
    repository_visibility: str
    immutable_subject: bool
    event_name: str
    ref: str
    ref_type: str
    ref_protected: bool
    head_ref: str
    base_ref: str
    sha: str
    environment: str
    workflow: str
    workflow_ref: str
    job_workflow_ref: str
    runner_environment: str
    actor: str
    actor_id: str
    run_id: str
    run_number: str
    run_attempt: str


class Gitlab(TypedDict, total=False):
    """A job of a pipeline."""

    issuer: str
    project_path: str
    project_id: str
    namespace_id: str
    project_visibility: str
    ref: str
    ref_type: str
    ref_protected: bool
    sha: str
    environment: str
    environment_protected: bool
    deployment_tier: str
    pipeline_source: str
    pipeline_id: str
    job_id: str
    runner_id: int
    runner_environment: str
    ci_config_ref_uri: str
    user_login: str
    user_id: str
    user_email: str
    user_access_level: str
    id_tokens: dict[str, Any]


class Kubernetes(TypedDict, total=False):
    """A pod."""

    issuer: str
    namespace: str
    service_account: str
    service_account_uid: str
    pod: dict[str, str]
    node: dict[str, str]
    expiration_seconds: int


class Aws(TypedDict, total=False):
    """A session of a role."""

    issuer: str
    account: str
    role: str
    session: str
    region: str
    org_id: str
    principal_tags: dict[str, str]


class Spiffe(TypedDict, total=False):
    """A workload."""

    trust_domain: str
    path: str
    issuer: str
    refresh_hint: int


class Gcp(TypedDict, total=False):
    """A machine with a service account."""

    issuer: str
    service_account: str
    service_account_id: str
    scopes: list[str]
    project_id: str
    project_number: int
    zone: str
    instance_id: str
    instance_name: str


class Azure(TypedDict, total=False):
    """A managed identity, or an application with a federated credential."""

    issuer: str
    tenant_id: str
    object_id: str
    client_id: str
    resource_id: str
    host: str
    access_token_version: int
    federated_credential: dict[str, str]


class Platform(TypedDict, total=False):
    """The platform that an issuer stands in for, with the job that it vouches for: one of these."""

    github_actions: GithubActions
    gitlab: Gitlab
    kubernetes: Kubernetes
    aws: Aws
    spiffe: Spiffe
    gcp: Gcp
    azure: Azure
