//! German.

use super::{Scopes, Words};

pub(super) const WORDS: Words = Words {
    scopes: Scopes {
        openid: "Wissen, wer Sie sind",
        profile: "Ihren Namen und Ihr Profil sehen",
        email: "Ihre E-Mail-Adresse sehen",
        address: "Ihre Postanschrift sehen",
        phone: "Ihre Telefonnummer sehen",
        offline_access: "Das auch tun, während Sie nicht da sind",
    },
};
