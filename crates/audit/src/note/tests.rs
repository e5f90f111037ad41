use super::*;

fn signer() -> Signer {
    Signer::new("claims.example.com/test", &[7; SEED]).unwrap()
}

fn checkpoint() -> Checkpoint {
    Checkpoint { origin: "claims.example.com/test/practice".to_owned(), size: 4096, root: [9; 32] }
}

#[test]
fn a_note_of_the_go_implementation_is_believed() {
    // the example of golang.org/x/mod/sumdb/note
    let key: Verifier = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW".parse().unwrap();
    assert_eq!(key.to_string(), "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW");
    let private = "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz";
    assert_eq!(private.parse::<Signer>().unwrap().verifier(), &key);
}

#[test]
fn what_was_signed_is_read_back() {
    let note = signer().sign(&checkpoint());
    assert_eq!(note, signer().sign(&checkpoint()));
    let key: Verifier = signer().verifier().to_string().parse().unwrap();
    assert_eq!(open(&note, &[key]).unwrap(), checkpoint());
    let again: Signer = signer().to_text(&[7; SEED]).parse().unwrap();
    assert_eq!(again.sign(&checkpoint()), note);
}

#[test]
fn no_changed_byte_of_a_note_is_believed() {
    let note = signer().sign(&checkpoint());
    let keys = [signer().verifier().clone()];
    let mut refused = 0;
    for at in 0..note.len() {
        for flip in [1, 0x20, 0x80] {
            let mut bytes = note.clone().into_bytes();
            bytes[at] ^= flip;
            // what is not UTF-8 is no note
            let believed = String::from_utf8(bytes).is_ok_and(|note| open(&note, &keys).is_ok());
            assert!(!believed, "byte {at} changed by {flip}");
            refused += 1;
        }
    }
    assert_eq!(refused, 3 * note.len());
    assert_eq!(open(note.trim_end(), &keys), Err(Refused::Form));
    assert_eq!(open(&note.replace("4096", "04096"), &keys), Err(Refused::Form));
}

#[test]
fn another_key_is_told_from_a_wrong_signature() {
    let note = signer().sign(&checkpoint());
    let other = Signer::new("claims.example.com/test", &[8; SEED]).unwrap();
    assert_eq!(open(&note, &[other.verifier().clone()]), Err(Refused::UnknownKey));
    assert_eq!(open(&note, &[]), Err(Refused::UnknownKey));
    let forged = note.replace("4096", "4097");
    assert_eq!(open(&forged, &[other.verifier().clone(), signer().verifier().clone()]), Err(Refused::Signature));
}

#[test]
fn texts_that_are_no_keys_are_refused_and_not_told() {
    let good = signer().to_text(&[7; SEED]);
    let public = signer().verifier().to_string();
    let other_hash = public.replacen(public.split('+').nth(1).unwrap(), "00000000", 1);
    for text in ["", "name", good.get(..good.len() - 4).unwrap(), &good.replace("PRIVATE", "PUBLIC"), &other_hash] {
        assert!(text.parse::<Signer>().is_err(), "{text}");
        assert!(text.parse::<Verifier>().is_err(), "{text}");
    }
    assert!(Signer::new("two words", &[7; SEED]).is_err());
    assert!(!format!("{:?}", signer()).contains("BwcHBwcH"));
}
