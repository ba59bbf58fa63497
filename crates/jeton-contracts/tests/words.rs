//! The words of pages, a file a language, beside each other.

/// The words of one crate: what stands between quotes in its files.
struct Words {
    english: &'static str,
    german: &'static str,
    /// Words that are the same in both.
    same: &'static [&'static str],
}

const OF_THE_CORE: Words = Words {
    english: include_str!("../../jeton/src/page/words/english.rs"),
    german: include_str!("../../jeton/src/page/words/german.rs"),
    same: &["Parameter"],
};

const OF_THE_LOGIN: Words = Words {
    english: include_str!("../../jeton-login/src/words/english.rs"),
    german: include_str!("../../jeton-login/src/words/german.rs"),
    same: &["April", "August", "September", "November"],
};

fn texts(source: &str) -> Vec<&str> {
    source.split('"').skip(1).step_by(2).collect()
}

#[test]
fn texts_are_html_as_they_stand_and_translated() {
    for words in [OF_THE_CORE, OF_THE_LOGIN] {
        let (english, german) = (texts(words.english), texts(words.german));
        assert!(english.len() > 50, "{}", english.len());
        assert_eq!(english.len(), german.len());
        for (english, german) in english.iter().zip(&german) {
            for text in [english, german] {
                assert!(!text.contains(['<', '>', '&', '\'', '\\']), "{text}");
            }
            // What stands before or after a gap may be no word.
            let is_word = english.chars().any(char::is_alphabetic);
            let differs = is_word && !words.same.contains(english);
            assert_eq!(english != german, differs, "{english}");
        }
    }
}
