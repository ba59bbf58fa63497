//! What somebody meant who mistyped a name.

/// How like a name must be to the one that was typed, from 0 to 1: a letter or two of eight may be wrong.
const LIKE: f64 = 0.7;

/// The one of `known` that is most like `name`, if one is like it at all.
pub fn similar<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let likeness = |it: &str| strsim::normalized_damerau_levenshtein(name, it);
    let known = known.into_iter().map(|it| (likeness(it), it));
    let (likeness, most) = known.max_by(|(a, _), (b, _)| a.total_cmp(b))?;
    (likeness >= LIKE).then_some(most)
}

#[cfg(test)]
mod tests {
    use super::similar;

    #[test]
    fn what_was_meant() {
        let known = ["scope", "redirect_uris", "client_name"];
        for (name, meant) in [
            ("scopes", Some("scope")),
            ("redirect_uri", Some("redirect_uris")),
            ("redriect_uris", Some("redirect_uris")),
            ("name", None),
            ("", None),
            ("jwks", None),
        ] {
            assert_eq!(similar(name, known), meant, "{name}");
        }
    }
}
