//! Tokens that are bound to a certificate: RFC 8705 §3.

use base64::{Engine, engine::general_purpose::STANDARD};
use jeton_resource_server::{Code, Credentials};
use serde_json::{Value, json};

use crate::{
    binding::{none, proof},
    support::{KEY, Key, World, claims, merged},
};

#[tokio::test]
async fn certificates() {
    let server = World::new().server();
    // RFC 8705 appendix A, figures 5 and 6.
    let thumbprint = "A4DtL2JmUMhAsvJj5tKyn64SqzmuXbMrJa0n761y5v0";
    let der = STANDARD.decode(concat!(
        "MIIBBjCBrAIBAjAKBggqhkjOPQQDAjAPMQ0wCwYDVQQDDARtdGxzMB4XDTE4MTAx",
        "ODEyMzcwOVoXDTIyMDUwMjEyMzcwOVowDzENMAsGA1UEAwwEbXRsczBZMBMGByqG",
        "SM49AgEGCCqGSM49AwEHA0IABNcnyxwqV6hY8QnhxxzFQ03C7HKW9OylMbnQZjjJ",
        "/Au08/coZwxS7LfA4vOLS9WuneIXhbGGWvsDSb0tH6IxLm8wCgYIKoZIzj0EAwID",
        "SQAwRgIhAP0RC1E+vwJD/D1AGHGzuri+hlV/PpQEKTWUVeORWz83AiEA5x2eXZOV",
        "bUlJSGQgjwD5vaUaKlLR50Q2DmFfQj1L+SY=",
    ));
    let der = der.unwrap();
    let check = async |cnf: Value, certificate: Option<&[u8]>, expected: Result<(), Code>| {
        let token = KEY.token(&claims(json!({ "cnf": cnf })));
        let authorization = format!("Bearer {token}");
        let mut credentials = Credentials::new().authorization(&authorization);
        if let Some(der) = certificate {
            credentials = credentials.certificate(der);
        }
        let found = server
            .verify(&credentials)
            .await
            .map(drop)
            .map_err(|error| error.code());
        assert_eq!(found, expected, "{cnf}");
    };
    let bound = || json!({ "x5t#S256": thumbprint });
    check(bound(), Some(&der), Ok(())).await;
    check(merged(bound(), json!({ "kid": "a" })), Some(&der), Ok(())).await;
    check(bound(), Some(b"another"), Err(Code::WrongCertificate)).await;
    check(bound(), None, Err(Code::WrongCertificate)).await;
    check(
        json!({ "x5t#S256": format!("{thumbprint}=") }),
        Some(&der),
        Err(Code::WrongCertificate),
    )
    .await;
    check(json!({ "kid": "a" }), Some(&der), Err(Code::BoundToken)).await;
    check(
        json!({ "jwk": KEY.bare() }),
        Some(&der),
        Err(Code::BoundToken),
    )
    .await;
    check(json!({}), Some(&der), Err(Code::BoundToken)).await;
    for cnf in [
        json!("a"),
        json!([]),
        json!({ "jkt": 1 }),
        json!({ "x5t#S256": {} }),
        json!(7),
    ] {
        check(cnf, Some(&der), Err(Code::Malformed)).await;
    }
    let token = KEY.sign(
        &crate::support::header(&KEY, none()).to_string(),
        &claims(none())
            .to_string()
            .replacen('{', r#"{"cnf":null,"#, 1),
    );
    assert_eq!(
        crate::support::refused(&server, &token, Code::Malformed)
            .await
            .code(),
        Code::Malformed
    );

    let holder = Key::es256("holder");
    let both = json!({ "jkt": holder.jkt(), "x5t#S256": thumbprint });
    let token = KEY.token(&claims(json!({ "cnf": both })));
    let authorization = format!("DPoP {token}");
    let sent = proof(&holder, &token, none(), none());
    let credentials = Credentials::new()
        .authorization(&authorization)
        .request("GET", "/v1/read")
        .dpop(&sent);
    assert_eq!(
        server.verify(&credentials).await.unwrap_err().code(),
        Code::WrongCertificate
    );
    let found = server.verify(&credentials.certificate(&der)).await.unwrap();
    assert_eq!(found.cnf.unwrap().x5t_s256.as_deref(), Some(thumbprint));
    // Bound to a certificate alone, it is none of DPoP's.
    let token = KEY.token(&claims(json!({ "cnf": bound() })));
    let authorization = format!("DPoP {token}");
    let sent = proof(&holder, &token, none(), none());
    let credentials = Credentials::new()
        .authorization(&authorization)
        .request("GET", "/v1/read")
        .dpop(&sent);
    let error = server
        .verify(&credentials.certificate(&der))
        .await
        .unwrap_err();
    assert_eq!(error.code(), Code::BoundToken);
}
