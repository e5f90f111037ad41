//! Which characters a value may hold, and what becomes of the others.
//!
//! X12 documents of US payers are ASCII: the basic set and the extended set of X12.6. Letters with marks lose their
//! marks, typographic signs become plain ones, the delimiters in a value become spaces, control characters vanish,
//! and what has no counterpart becomes `?` (the check before writing refuses it).

/// Appends the value without surrounding spaces; answers whether anything was appended.
#[inline]
pub(crate) fn push_clean(out: &mut Vec<u8>, value: &str) -> bool {
    let bytes = value.as_bytes();
    let bare = bytes.first() != Some(&b' ') && bytes.last() != Some(&b' ');
    // without a short cut, so that it runs over many bytes at once
    if bare && bytes.iter().fold(true, |plain, &byte| plain & is_plain(byte)) {
        out.extend_from_slice(bytes);
        !bytes.is_empty()
    } else {
        push_slowly(out, value)
    }
}

/// Whether a byte goes into the document as it is.
#[inline]
const fn is_plain(byte: u8) -> bool {
    matches!(byte, b' '..=b'~') && !matches!(byte, b'*' | b'~' | b':' | b'^' | b'`')
}

#[cold]
fn push_slowly(out: &mut Vec<u8>, value: &str) -> bool {
    let start = out.len();
    for character in value.chars() {
        let text = match counterpart(character) {
            Some(text) => text.as_bytes(),
            None => b"?",
        };
        for &byte in text {
            if out.len() > start || byte != b' ' {
                out.push(byte);
            }
        }
        if let (true, Ok(byte)) = (text.is_empty(), u8::try_from(character))
            && is_plain(byte)
            && (out.len() > start || byte != b' ')
        {
            out.push(byte);
        }
    }
    while out.len() > start && out.last() == Some(&b' ') {
        out.pop();
    }
    out.len() > start
}

/// Whether the value can be written without losing letters.
#[must_use]
pub fn is_writable(value: &str) -> bool {
    value.is_ascii() || value.chars().all(|character| counterpart(character).is_some())
}

/// What stands for a character: nothing for one that is plain or vanishes, `None` for one without a counterpart.
fn counterpart(character: char) -> Option<&'static str> {
    Some(match character {
        '*' | '~' | ':' | '^' | '\u{a0}' | '\u{2000}'..='\u{200a}' | '\u{202f}' | '\u{3000}' => " ",
        '`' | '´' | '‘' | '’' | '‚' | '‛' | 'ʻ' | 'ʼ' | '′' => "'",
        '\0'..='\u{7f}' => "",
        // control and joining characters, combining marks of decomposed letters
        '\u{80}'..='\u{9f}' | '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{2060}' | '\u{feff}' | '\u{300}'..='\u{36f}' => {
            ""
        }
        '“' | '”' | '„' | '«' | '»' => "\"",
        '‐' | '‑' | '‒' | '–' | '—' | '−' => "-",
        '…' => "...",
        '·' | '•' => ".",
        'º' => "o",
        'ª' => "a",
        'À'..='Å' | 'Ā' | 'Ă' | 'Ą' | 'Ǎ' => "A",
        'à'..='å' | 'ā' | 'ă' | 'ą' | 'ǎ' => "a",
        'Æ' => "AE",
        'æ' => "ae",
        'Ç' | 'Ć' | 'Ĉ' | 'Ċ' | 'Č' => "C",
        'ç' | 'ć' | 'ĉ' | 'ċ' | 'č' => "c",
        'Ð' | 'Ď' | 'Đ' => "D",
        'ð' | 'ď' | 'đ' => "d",
        'È'..='Ë' | 'Ē' | 'Ĕ' | 'Ė' | 'Ę' | 'Ě' => "E",
        'è'..='ë' | 'ē' | 'ĕ' | 'ė' | 'ę' | 'ě' => "e",
        'Ĝ' | 'Ğ' | 'Ġ' | 'Ģ' => "G",
        'ĝ' | 'ğ' | 'ġ' | 'ģ' => "g",
        'Ĥ' | 'Ħ' => "H",
        'ĥ' | 'ħ' => "h",
        'Ì'..='Ï' | 'Ĩ' | 'Ī' | 'Ĭ' | 'Į' | 'İ' | 'Ǐ' => "I",
        'ì'..='ï' | 'ĩ' | 'ī' | 'ĭ' | 'į' | 'ı' | 'ǐ' => "i",
        'Ĵ' => "J",
        'ĵ' => "j",
        'Ķ' => "K",
        'ķ' | 'ĸ' => "k",
        'Ĺ' | 'Ļ' | 'Ľ' | 'Ŀ' | 'Ł' => "L",
        'ĺ' | 'ļ' | 'ľ' | 'ŀ' | 'ł' => "l",
        'Ñ' | 'Ń' | 'Ņ' | 'Ň' | 'Ŋ' => "N",
        'ñ' | 'ń' | 'ņ' | 'ň' | 'ŉ' | 'ŋ' => "n",
        'Ò'..='Ö' | 'Ø' | 'Ō' | 'Ŏ' | 'Ő' | 'Ơ' | 'Ǒ' => "O",
        'ò'..='ö' | 'ø' | 'ō' | 'ŏ' | 'ő' | 'ơ' | 'ǒ' => "o",
        'Œ' => "OE",
        'œ' => "oe",
        'Ŕ' | 'Ŗ' | 'Ř' => "R",
        'ŕ' | 'ŗ' | 'ř' => "r",
        'Ś' | 'Ŝ' | 'Ş' | 'Š' | 'Ș' => "S",
        'ś' | 'ŝ' | 'ş' | 'š' | 'ș' => "s",
        'ß' => "ss",
        'Ţ' | 'Ť' | 'Ŧ' | 'Ț' => "T",
        'ţ' | 'ť' | 'ŧ' | 'ț' => "t",
        'Þ' => "TH",
        'þ' => "th",
        'Ù'..='Ü' | 'Ũ' | 'Ū' | 'Ŭ' | 'Ů' | 'Ű' | 'Ų' | 'Ư' | 'Ǔ' => "U",
        'ù'..='ü' | 'ũ' | 'ū' | 'ŭ' | 'ů' | 'ű' | 'ų' | 'ư' | 'ǔ' => "u",
        'Ŵ' => "W",
        'ŵ' => "w",
        'Ý' | 'Ŷ' | 'Ÿ' => "Y",
        'ý' | 'ÿ' | 'ŷ' => "y",
        'Ź' | 'Ż' | 'Ž' => "Z",
        'ź' | 'ż' | 'ž' => "z",
        // Vietnamese letters with two marks, by the letter beneath
        '\u{1ea0}'..='\u{1eb7}' => by_case(character, "A", "a"),
        '\u{1eb8}'..='\u{1ec7}' => by_case(character, "E", "e"),
        '\u{1ec8}'..='\u{1ecb}' => by_case(character, "I", "i"),
        '\u{1ecc}'..='\u{1ee3}' => by_case(character, "O", "o"),
        '\u{1ee4}'..='\u{1ef1}' => by_case(character, "U", "u"),
        '\u{1ef2}'..='\u{1ef9}' => by_case(character, "Y", "y"),
        _ => return None,
    })
}

/// In those blocks capitals have even numbers.
fn by_case(character: char, upper: &'static str, lower: &'static str) -> &'static str {
    if u32::from(character).is_multiple_of(2) { upper } else { lower }
}

/// Whether the value goes into a document unchanged: what identifies something must not be altered on the way.
#[must_use]
pub fn is_plain_text(value: &str) -> bool {
    let bytes = value.as_bytes();
    bytes.first() != Some(&b' ') && bytes.last() != Some(&b' ') && bytes.iter().all(|&byte| is_plain(byte))
}

/// How many characters the value has in a document.
#[must_use]
pub fn written_len(value: &str) -> usize {
    if is_plain_text(value) {
        return value.len();
    }
    let mut written = Vec::with_capacity(value.len());
    push_clean(&mut written, value);
    written.len()
}
