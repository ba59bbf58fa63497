//! `jeton keys`: secrets and signing keys.

use anyhow::{Context, Result};
use aws_lc_rs::{
    encoding::{AsBigEndian, AsDer, Curve25519SeedBin, EcPrivateKeyBin, Pkcs8V1Der},
    rsa::{KeyPair as RsaKeyPair, KeySize},
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair},
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use clap::{Arg, ArgAction, ArgMatches, Command, builder::PossibleValuesParser};
use jeton::{NewSecret, Secrets};
use jeton_native::NativeCrypto;
use pkcs8::PrivateKeyInfoRef;
use serde_json::json;

pub(crate) fn command() -> Command {
    Command::new("keys")
        .about("Make secrets and signing keys")
        .subcommand_required(true)
        .arg_required_else_help(true)
        .subcommand(
            Command::new("new")
                .about("Print a fresh JETON_SECRET, or with --alg a JETON_SIGNING_JWKS")
                .arg(
                    Arg::new("client")
                        .long("client")
                        .action(ArgAction::SetTrue)
                        .conflicts_with("alg")
                        .help("Make a secret of a client for JETON_CLIENTS instead, with its hash"),
                )
                .arg(
                    Arg::new("alg")
                        .long("alg")
                        .value_parser(PossibleValuesParser::new(["ES256", "EdDSA", "RS256"]))
                        .help("Make a private key of this algorithm instead"),
                ),
        )
}

pub(crate) fn run(matches: &ArgMatches) -> Result<()> {
    let Some(("new", matches)) = matches.subcommand() else {
        anyhow::bail!("no such command");
    };
    if matches.get_flag("client") {
        return print_client_secret();
    }
    match matches.get_one::<String>("alg").map(String::as_str) {
        None => println!("{}", Secrets::text_of(&random()?).as_str()),
        Some("RS256") => println!("{}", json!({ "keys": [new_rsa_key()?] })),
        Some(name) => println!("{}", json!({ "keys": [new_curve_key(name)?] })),
    }
    Ok(())
}

/// Prints a client's secret, and what of it stands in its record.
fn print_client_secret() -> Result<()> {
    let secret = NewSecret::make(&NativeCrypto::new())?;
    let record = json!([secret.record(jeton_native::now())]);
    println!(
        "client_secret:  {}\nclient_secrets: {record}",
        secret.text()
    );
    Ok(())
}

/// 256 random bits, for a secret.
pub(crate) fn random() -> Result<[u8; 32]> {
    let mut bytes = [0; 32];
    aws_lc_rs::rand::fill(&mut bytes).context("no entropy")?;
    Ok(bytes)
}

/// A new EC or OKP private key as a JWK (RFC 7518 §6.2, RFC 8037 §2).
fn new_curve_key(alg: &str) -> Result<serde_json::Value> {
    if alg == "EdDSA" {
        let pair = Ed25519KeyPair::generate().context("no entropy")?;
        let seed: Curve25519SeedBin<'_> = pair.seed()?.as_be_bytes()?;
        return Ok(json!({
            "kty": "OKP", "crv": "Ed25519", "alg": alg,
            "x": URL_SAFE_NO_PAD.encode(pair.public_key()),
            "d": URL_SAFE_NO_PAD.encode(seed.as_ref()),
        }));
    }
    let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).context("no entropy")?;
    let scalar: EcPrivateKeyBin<'_> = pair.private_key().as_be_bytes()?;
    let (x, y) = pair
        .public_key()
        .as_ref()
        .strip_prefix(&[4])
        .and_then(|point| point.split_at_checked(32))
        .context("aws-lc made no uncompressed point")?;
    Ok(json!({
        "kty": "EC", "crv": "P-256", "alg": alg,
        "x": URL_SAFE_NO_PAD.encode(x),
        "y": URL_SAFE_NO_PAD.encode(y),
        "d": URL_SAFE_NO_PAD.encode(scalar.as_ref()),
    }))
}

/// A new RSA private key as a JWK (RFC 7518 §6.3.2).
fn new_rsa_key() -> Result<serde_json::Value> {
    let pair = RsaKeyPair::generate(KeySize::Rsa2048).context("no entropy")?;
    let pkcs8: Pkcs8V1Der<'_> = pair.as_der()?;
    let info = PrivateKeyInfoRef::try_from(pkcs8.as_ref()).context("aws-lc made no PKCS #8")?;
    let key = pkcs1::RsaPrivateKey::try_from(info.private_key.as_bytes())
        .context("aws-lc made no PKCS #1")?;
    let encode = |number: pkcs1::UintRef<'_>| URL_SAFE_NO_PAD.encode(number.as_bytes());
    Ok(json!({
        "kty": "RSA", "alg": "RS256",
        "n": encode(key.modulus),
        "e": encode(key.public_exponent),
        "d": encode(key.private_exponent),
        "p": encode(key.prime1),
        "q": encode(key.prime2),
        "dp": encode(key.exponent1),
        "dq": encode(key.exponent2),
        "qi": encode(key.coefficient),
    }))
}
