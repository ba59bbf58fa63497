//! Whether a secret that somebody made is plainly random. A public key is an oracle for guesses at
//! the secret it was derived from, so a secret that could be guessed is refused.
//!
//! No measure tells random text from all other text. This one knows what people take for secrets:
//! one key held down, keys in their order, something short written several times, a sentence, and
//! each of these in hex or base64. zxcvbn knows more of them by dictionaries that are as large as
//! the whole Worker, and estimates a login's guesses rather than an attacker's with the key at hand.
//!
//! Random ones are hardly ever refused: the tests have the generators, and draw as many samples as they
//! are told to. Text made to be pronounced is, as by `pwgen` without `-s`.

use std::collections::BTreeSet;

use base64::{
    Engine, alphabet,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};

/// The fewest different characters. Among 43 it makes 129 bits; of 32 random hexadecimal digits
/// one in 30 million has fewer.
const LEAST_DIFFERENT: usize = 8;

/// The length of a block that counts as written before, or as a row of keys.
const BLOCK: usize = 4;

/// Keys in their order, as far as it is not that of their codes.
const ROWS: [&str; 14] = [
    "1234567890",
    "qwertyuiop",
    "qwertzuiop",
    "azertyuiop",
    "asdfghjkl",
    "zxcvbnm",
    "yxcvbnm",
    "1qaz",
    "2wsx",
    "3edc",
    "4rfv",
    "5tgb",
    "6yhn",
    "7ujm",
];

/// The 120 pairs of letters that make up three quarters of English words, and an eighth of random
/// base64.
const COMMON_PAIRS: &str = "ac ad ag ai al am an ar as at be bl bu ca ce ch ck co ct de di do ea \
    ec ed ee ef el em en ep er es et ex fi fo ge ha he hi ho ht ia ib ic ie if ig il im in io is \
    it la le li ll lo ly ma me mo mp na nc nd ne ng no ns nt od of ol om on op or ot ou ow pa pe \
    pl po pr ps pt ra re ri ro rs rt ry se si so ss st su ta te th ti to tp tr ts tt ul un ur us \
    ut ve wi yo";

/// The fewest common pairs that make words: half of the pairs of 32 random characters are common in one of
/// a million.
const LEAST_COMMON: usize = 18;

/// What may stand between words.
const SEPARATORS: [char; 5] = ['-', '_', '.', ',', ' '];

/// base64 and base64url, with padding or without (RFC 4648 §4 and §5).
const BASE64: [GeneralPurpose; 2] = [
    GeneralPurpose::new(&alphabet::STANDARD, LENIENT),
    GeneralPurpose::new(&alphabet::URL_SAFE, LENIENT),
];

const LENIENT: GeneralPurposeConfig = GeneralPurposeConfig::new()
    .with_decode_allow_trailing_bits(true)
    .with_decode_padding_mode(DecodePaddingMode::Indifferent);

/// Why a secret is taken for one that could be guessed. Holds nothing of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Guessable {
    /// It has fewer characters than these.
    #[error("it has fewer than {0} characters")]
    Short(usize),
    /// It has few different characters.
    #[error("it has fewer than {LEAST_DIFFERENT} different characters")]
    FewCharacters,
    /// A good part of it was written before, or is a row of keys.
    #[error("much of it repeats itself, or is keys in their order")]
    Repetition,
    /// Its pairs of letters are those of words.
    #[error("it reads like words")]
    Words,
    /// It is hex or base64 of text that could be guessed.
    #[error("it is text in hex or base64, and that text could be guessed")]
    Encoded,
}

/// Refuses `text` unless it has `least` characters and is plainly random.
pub(crate) fn require_random(text: &str, least: usize) -> Result<(), Guessable> {
    if text.chars().count() < least {
        return Err(Guessable::Short(least));
    }
    if !is_varied(text) {
        return Err(Guessable::FewCharacters);
    }
    // Words and rows of keys are ASCII here.
    let folded = text.to_ascii_lowercase();
    if foreseeable(folded.as_bytes()) * 5 > folded.len() * 2 {
        return Err(Guessable::Repetition);
    }
    if reads_like_words(&folded) || is_phrase(text) {
        return Err(Guessable::Words);
    }
    match encoded_text(text) {
        Some(text) if require_random(text.trim(), least).is_err() => Err(Guessable::Encoded),
        _ => Ok(()),
    }
}

/// Whether it has as many different characters as it must.
fn is_varied(text: &str) -> bool {
    let mut different = Vec::with_capacity(LEAST_DIFFERENT);
    for c in text.chars() {
        if different.len() < LEAST_DIFFERENT && !different.contains(&c) {
            different.push(c);
        }
    }
    different.len() == LEAST_DIFFERENT
}

/// How many bytes lie in a block that was written before, or that is a row of keys.
fn foreseeable(text: &[u8]) -> usize {
    let mut before = BTreeSet::new();
    // Up to where bytes are counted, so that none is counted twice.
    let (mut count, mut counted) = (0, 0);
    for (at, block) in text.windows(BLOCK).enumerate() {
        if !before.insert(block) || is_row(block) {
            let end = at + BLOCK;
            count += end - counted.max(at);
            counted = end;
        }
    }
    count
}

/// Whether the block counts up or down by one, is all the same, or lies in one row of keys.
fn is_row(block: &[u8]) -> bool {
    let steps = |by: i16| {
        let mut pairs = block.iter().zip(block.iter().skip(1));
        pairs.all(|(&one, &next)| i16::from(next) - i16::from(one) == by)
    };
    let backwards: Vec<u8> = block.iter().rev().copied().collect();
    let within = |row: &str, block: &[u8]| row.as_bytes().windows(BLOCK).any(|keys| keys == block);
    [-1, 0, 1].into_iter().any(steps)
        || ROWS
            .iter()
            .any(|row| within(row, block) || within(row, &backwards))
}

/// Whether more than half of the pairs of neighbours, and not just a few, are common in words, separators
/// left out.
fn reads_like_words(folded: &str) -> bool {
    let letters: Vec<char> = folded.chars().filter(|c| !SEPARATORS.contains(c)).collect();
    let common = letters
        .iter()
        .zip(letters.iter().skip(1))
        .filter(|(one, next)| COMMON_PAIRS.contains(&format!("{one}{next}")))
        .count();
    common >= LEAST_COMMON && common * 2 > letters.len().saturating_sub(1)
}

/// Whether three or more words, however rare and in whatever language, stand apart, perhaps with numbers.
fn is_phrase(text: &str) -> bool {
    let pieces = text.split(|c: char| !c.is_alphanumeric());
    let pieces: Vec<&str> = pieces.filter(|piece| !piece.is_empty()).collect();
    let letters: usize = pieces.iter().map(|piece| piece.chars().count()).sum();
    let is_number = |piece: &str| piece.chars().all(|c| c.is_ascii_digit());
    pieces.len() >= 3
        && letters >= 4 * pieces.len()
        && pieces
            .iter()
            .all(|piece| is_number(piece) || is_word(piece))
}

/// Whether letters could be a word: with a vowel, and no two capitals side by side.
fn is_word(piece: &str) -> bool {
    let letters: Vec<char> = piece.chars().collect();
    let is_vowel = |c: &char| !c.is_ascii() || "aeiouyAEIOUY".contains(*c);
    let mut pairs = letters.iter().zip(letters.iter().skip(1));
    letters.iter().all(|c| c.is_alphabetic())
        && letters.iter().any(is_vowel)
        && !pairs.any(|(one, next)| one.is_uppercase() && next.is_uppercase())
}

/// The text that `text` is in hex or base64, mostly ASCII. Random bytes are none: of sixteen of them very
/// few, and of more far fewer.
fn encoded_text(text: &str) -> Option<String> {
    let bytes = hex(text).or_else(|| BASE64.iter().find_map(|engine| engine.decode(text).ok()))?;
    let decoded = String::from_utf8(bytes).ok()?;
    let is_printable = |c: char| !c.is_control() || c.is_ascii_whitespace();
    let ascii = decoded.bytes().filter(u8::is_ascii).count();
    (decoded.chars().all(is_printable) && ascii * 8 >= decoded.len() * 7).then_some(decoded)
}

fn hex(text: &str) -> Option<Vec<u8>> {
    let nibbles: Option<Vec<u8>> = text
        .chars()
        .map(|digit| u8::try_from(digit.to_digit(16)?).ok())
        .collect();
    let nibbles = nibbles?;
    let pairs = nibbles.chunks_exact(2);
    pairs.remainder().is_empty().then(|| {
        pairs
            .map(|pair| pair.iter().fold(0, |byte, nibble| byte << 4 | nibble))
            .collect()
    })
}

#[cfg(test)]
mod tests;
