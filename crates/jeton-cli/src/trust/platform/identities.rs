//! Platforms that give each workload an identity: its subject.

use jeton::SPIFFE_SCHEME;

use super::{
    Audience, Issuer, OneOf, Platform,
    Says::{Claim, Often, Once, Pairs},
    equals, needed, nothing, one_of, optional, prefix,
};

const SERVICE_ACCOUNTS: &str = "kubectl get serviceaccounts --all-namespaces";

pub(super) const KUBERNETES: Platform = Platform {
    name: "kubernetes",
    about: "Kubernetes: a service account of a cluster. --jwks FILE, with what `kubectl get --raw /openid/v1/jwks` prints, where the cluster is not in the public internet",
    issuer: Issuer::Given("kubectl get --raw /.well-known/openid-configuration | jq -r .issuer"),
    flags: &[
        needed(
            "namespace",
            "DNS-NAME",
            Once,
            "Its namespace",
            SERVICE_ACCOUNTS,
        ),
        needed(
            "service-account",
            "DNS-NAME",
            Once,
            "Its name",
            SERVICE_ACCOUNTS,
        ),
        optional(
            "uid",
            "UUID",
            Claim(&["kubernetes.io", "serviceaccount", "uid"]),
            "Its uid as well: the rule ends when it is made anew",
        ),
    ],
    complete: |given, _, rule| {
        let (namespace, name) = (given.text("namespace"), given.text("service-account"));
        let subject = format!("system:serviceaccount:{namespace}:{name}");
        rule.conditions.insert(0, equals("sub", subject));
    },
    single_use: false,
    audience: Audience::Own,
    one_of: None,
    keeps_out: "other service accounts, namespaces and clusters, and the tokens that pods have for the cluster itself",
    request: "serviceAccountToken: { path: token, audience: {audience} } among the sources of a projected volume",
};

pub(super) const AWS: Platform = Platform {
    name: "aws",
    about: "AWS: a role of an account, by sts:GetWebIdentityToken",
    issuer: Issuer::Given("aws iam get-outbound-web-identity-federation-info"),
    flags: &[needed(
        "role",
        "ARN",
        Claim(&["sub"]),
        "The role, as arn:aws:iam::ACCOUNT:role/NAME",
        "aws iam get-role --role-name NAME --query Role.Arn",
    )],
    complete: |_, document, _| {
        document.algorithms = Some(["ES384", "RS256"].map(str::to_owned).into());
    },
    single_use: false,
    audience: Audience::Own,
    one_of: None,
    keeps_out: "other roles and accounts, and tokens for several audiences",
    request: "aws sts get-web-identity-token --audience {audience} --signing-algorithm ES384 --query WebIdentityToken --output text",
};

pub(super) const GCP: Platform = Platform {
    name: "gcp",
    about: "Google Cloud: a service account",
    issuer: Issuer::Known("https://accounts.google.com"),
    flags: &[
        needed(
            "service-account-id",
            "NUMBER",
            Claim(&["sub"]),
            "The service account, by its unique id",
            "gcloud iam service-accounts describe EMAIL --format='value(uniqueId)'",
        ),
        optional(
            "email",
            "EMAIL",
            Claim(&["email"]),
            "Its email as well, which tokens do not always have",
        ),
    ],
    complete: nothing,
    single_use: false,
    audience: Audience::Own,
    one_of: None,
    keeps_out: "people and other service accounts, also one that is given the email of this one",
    request: "curl -H 'Metadata-Flavor: Google' 'http://metadata.google.internal/computeMetadata/v1/instance/service-accounts/default/identity?audience={audience}'",
};

pub(super) const AZURE: Platform = Platform {
    name: "azure",
    about: "Azure: a managed identity or service principal. --issuer https://sts.windows.net/TENANT/ for tokens of version 1",
    issuer: Issuer::OfFlags,
    flags: &[
        needed(
            "tenant-id",
            "UUID",
            Claim(&["tid"]),
            "The tenant",
            "az account show --query tenantId",
        ),
        needed(
            "object-id",
            "UUID",
            Claim(&["oid"]),
            "The principal, by its object id",
            "az ad sp show --id CLIENT_ID --query id",
        ),
        optional(
            "idtyp",
            "TYPE",
            Claim(&["idtyp"]),
            "app, where the registration of the API asks for that optional claim",
        ),
    ],
    complete: |given, document, _| {
        if document.issuer.is_empty() {
            let tenant = given.text("tenant-id");
            document.issuer = format!("https://login.microsoftonline.com/{tenant}/v2.0");
        }
    },
    single_use: false,
    audience: Audience::Given(
        "az ad app show --id API --query appId, of the application that is registered for this server; for tokens of version 1 also --query identifierUris",
    ),
    one_of: None,
    keeps_out: "people, other principals and other tenants",
    request: "az account get-access-token --scope {audience}/.default --query accessToken --output tsv",
};

pub(super) const SPIFFE: Platform = Platform {
    name: "spiffe",
    about: "SPIFFE: workloads of a trust domain, by their JWT-SVIDs. Needs --jwks-uri, or --jwks with what `spire-server bundle show -format spiffe` prints",
    issuer: Issuer::OfFlags,
    flags: &[
        needed(
            "trust-domain",
            "DOMAIN",
            Once,
            "The trust domain, as example.org",
            "spire-server bundle list, or the configuration of its server",
        ),
        optional("path", "PATH", Often, "The workload, as /ns/ci/sa/deploy"),
        optional(
            "prefix",
            "PATH/",
            Once,
            "Or every workload below it, as /ns/ci/",
        ),
    ],
    complete: |given, document, rule| {
        let name = given.text("trust-domain");
        let name = name.strip_prefix(SPIFFE_SCHEME).unwrap_or(&name);
        let domain = format!("{SPIFFE_SCHEME}{name}");
        let paths = given.all("path").into_iter();
        let ids: Vec<_> = paths.map(|path| format!("{domain}{path}")).collect();
        if !ids.is_empty() {
            rule.conditions.push(one_of("sub", ids));
        }
        let paths = given.all("prefix").into_iter();
        let prefixes = paths.map(|path| prefix("sub", format!("{domain}{path}")));
        rule.conditions.extend(prefixes);
        document.issuer = domain;
    },
    single_use: false,
    audience: Audience::Own,
    one_of: Some(OneOf {
        flags: &["path", "prefix"],
        words: "--path or --prefix",
        instead: None,
    }),
    keeps_out: "other trust domains and workloads, also those whose path only begins with the same letters",
    request: "spire-agent api fetch jwt -audience {audience}",
};

pub(super) const OIDC: Platform = Platform {
    name: "oidc",
    about: "Any other issuer of JWTs: with OpenID Connect metadata, or by --jwks or --jwks-uri",
    issuer: Issuer::Given("iss of one of its tokens"),
    flags: &[needed(
        "condition",
        "CLAIM=TEXT",
        Pairs,
        "A claim that is this text",
        "what a token of the workload says of it, and of no other",
    )],
    complete: |given, _, rule| {
        let conditions = given.all("condition").into_iter();
        let conditions = conditions.filter_map(|condition| {
            let (claim, text) = condition.split_once('=')?;
            Some(equals(claim, text))
        });
        rule.conditions.extend(conditions);
    },
    single_use: false,
    audience: Audience::Own,
    one_of: None,
    keeps_out: "every token of which one of these is not so, or missing",
    request: "what its issuer says, for the audience {audience}",
};
