//! Tokens read back, and nothing else does.

use proptest::prelude::*;

use super::*;

fn env() -> Env {
    Env::new("test").unwrap()
}

#[test]
fn a_minted_token_reads_back() {
    for kind in TokenKind::ALL.iter().copied() {
        let Minted { key_id, kind: _, secret, hash } = mint(&env(), kind).unwrap();
        let text = secret.reveal();
        assert!(text.starts_with(&format!("tc_test_{kind}_{key_id}_")), "{text}");
        let presented = parse(&env(), &text).unwrap();
        assert_eq!((presented.key_id, presented.kind), (key_id, kind));
        assert!(presented.hash.matches(hash.as_bytes()));
    }
}

#[test]
fn the_longest_token_is_within_the_limit() {
    let env = Env::new(&"a".repeat(16)).unwrap();
    let text = mint(&env, TokenKind::Session).unwrap().secret.reveal();
    assert!(text.len() <= LENGTH_MAX);
    assert!(parse(&env, &text).is_some());
}

#[test]
fn a_token_of_another_installation_is_no_token() {
    let text = mint(&env(), TokenKind::Session).unwrap().secret.reveal();
    assert!(parse(&Env::new("prod").unwrap(), &text).is_none());
}

#[test]
fn no_two_tokens_are_alike() {
    let (a, b) = (mint(&env(), TokenKind::Service).unwrap(), mint(&env(), TokenKind::Service).unwrap());
    assert_ne!(a.key_id, b.key_id);
    assert!(!a.hash.matches(b.hash.as_bytes()));
}

#[test]
fn debug_prints_no_secret() {
    let minted = mint(&env(), TokenKind::Session).unwrap();
    let (printed, hash) = (format!("{minted:?}"), hex::encode(minted.hash.as_bytes()));
    let text = minted.secret.reveal();
    let secret = text.rsplit('_').next().unwrap();
    assert!(!printed.contains(secret) && !printed.contains(&hash), "{printed}");
}

#[test]
fn an_environment_is_a_short_word() {
    for bad in ["", "Dev", "a_b", "a-b", "aaaaaaaaaaaaaaaaa", "é"] {
        assert_eq!(Env::new(bad), Err(NotAnEnv), "{bad}");
    }
}

proptest! {
    #[test]
    fn nonsense_is_refused_without_a_panic(text in any::<String>()) {
        prop_assert!(parse(&env(), &text).is_none());
    }

    #[test]
    fn nonsense_with_a_right_checksum_is_refused_without_a_panic(
        body in "(tc_)?(test_)?(session|service|invite|reset)?_?[0-9a-f]{0,22}_?[^A-F]{0,66}"
    ) {
        let text = format!("{body}{:08x}", crc32fast::hash(body.as_bytes()));
        if let Some(presented) = parse(&env(), &text) {
            // only the one form gets through
            let start = format!("tc_test_{}_{}_", presented.kind, presented.key_id);
            prop_assert!(text.starts_with(&start) && text.len() == start.len() + 2 * SECRET_BYTES + CHECKSUM_DIGITS);
        }
    }

    #[test]
    fn one_changed_character_is_noticed(at in 0usize..110, by in 1u8..94) {
        let text = mint(&env(), TokenKind::Session).unwrap().secret.reveal();
        let mut bytes = text.into_bytes();
        let at = at % bytes.len();
        bytes[at] = b'!' + (bytes[at] - b'!' + by) % 94;
        prop_assert!(parse(&env(), std::str::from_utf8(&bytes)?).is_none());
    }

    #[test]
    fn a_key_id_survives_the_page_token(bytes: [u8; KEY_BYTES]) {
        let key_id: KeyId = hex::encode(bytes).parse().unwrap();
        let mut out = Vec::new();
        key_id.write(&mut out);
        prop_assert_eq!(KeyId::read(&out), Some(key_id));
    }
}
