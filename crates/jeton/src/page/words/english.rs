//! English.

use super::{Scopes, Words};

pub(super) const WORDS: Words = Words {
    scopes: Scopes {
        openid: "Know who you are",
        profile: "See your name and profile",
        email: "See your email address",
        address: "See your postal address",
        phone: "See your phone number",
        offline_access: "Do this also while you are away",
    },
};
