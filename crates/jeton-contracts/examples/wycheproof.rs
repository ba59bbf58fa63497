//! Writes the vectors of Project Wycheproof to standard output, for the contract inside workerd.

#![allow(clippy::print_stdout)]

fn main() {
    print!("{}", jeton_contracts::wycheproof_vectors());
}
