//! RSA keys of bytes that a seed gives, the same wherever and whenever they are made.
//!
//! A prime is the smallest one that is no smaller than its bytes and fits the exponent: arithmetic says
//! which, and no generator of a library whose next release might search otherwise. Nothing here takes a
//! constant time: whoever has a mock's seed has its keys, and whoever reaches it has them sign anything.

use std::num::NonZeroU32;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use crypto_bigint::{BoxedUint, ConcatenatingMul, Lcm, Resize};
use crypto_primes::{Flavor, hazmat::SmallFactorsSieve, is_prime};
use serde_json::{Value, json};

/// The bytes of a prime: half of those of the modulus.
pub(super) const PRIME: usize = 128;

/// The bits of a prime.
const BITS: NonZeroU32 = NonZeroU32::new(PRIME as u32 * 8).unwrap();

/// The public exponent, which everyone has.
const EXPONENT: u32 = 65_537;

/// The private JWK (RFC 7518 §6.3) of the primes that follow two numbers. It takes tens of milliseconds, and
/// now and then some hundred.
///
/// `None` has a chance that is not worth a number: no prime between a number and 2^1024, or both the same.
pub(super) fn private_jwk(starts: [[u8; PRIME]; 2]) -> Option<Value> {
    let [one, other] = starts.map(prime_from);
    let (one, other) = (one?, other?);
    // RFC 8017 §3.2 leaves it open; everyone has the larger one first.
    let (p, q) = if one > other {
        (one, other)
    } else {
        (other, one)
    };
    let [below_p, below_q] = [&p, &q].map(|prime| prime.wrapping_sub(BoxedUint::one()));
    let d = inverse_of_exponent(&below_p.lcm(&below_q))?;
    let member = |number: &BoxedUint| URL_SAFE_NO_PAD.encode(number.to_be_bytes_trimmed_vartime());
    Some(json!({
        "kty": "RSA",
        "alg": "RS256",
        "n": member(&p.concatenating_mul(&q)),
        "e": member(&BoxedUint::from(EXPONENT)),
        "d": member(&d),
        "p": member(&p),
        "q": member(&q),
        "dp": member(&inverse_of_exponent(&below_p)?),
        "dq": member(&inverse_of_exponent(&below_q)?),
        "qi": member(&inverse(&q, &p)?),
    }))
}

/// The smallest prime that is no smaller than `start` with its two highest bits set, so that the product of
/// two has twice as many bits, and that is 1 more than no multiple of the exponent.
fn prime_from(mut start: [u8; PRIME]) -> Option<BoxedUint> {
    if let Some(first) = start.first_mut() {
        *first |= 0b1100_0000;
    }
    let start = BoxedUint::from_be_slice(&start, BITS.get()).ok()?;
    let exponent = BoxedUint::from(EXPONENT).into_nz().into_option()?;
    let mut candidates = SmallFactorsSieve::new(start, BITS, false).ok()?;
    candidates.find(|candidate| {
        let rest = candidate.rem_vartime(&exponent);
        rest != BoxedUint::one() && is_prime(Flavor::Any, candidate)
    })
}

fn inverse_of_exponent(modulus: &BoxedUint) -> Option<BoxedUint> {
    inverse(&BoxedUint::from(EXPONENT), modulus)
}

fn inverse(number: &BoxedUint, modulus: &BoxedUint) -> Option<BoxedUint> {
    let number = number.resize(modulus.bits_precision());
    let modulus = modulus.to_nz().into_option()?;
    number.invert_mod(&modulus).into_option()
}
