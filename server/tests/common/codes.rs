//! An app that makes one-time passwords (RFC 6238), written anew so that it does not share mistakes with the server.

use std::time::{SystemTime, UNIX_EPOCH};

use super::people::{Client, PASSWORD};

/// The seconds since 1970.
pub fn seconds() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).expect("a clock").as_secs()
}

/// The six digits at a time, for a secret in base 32.
pub fn code(secret: &str, seconds: u64) -> String {
    let mac = hmac(&base32(secret), &(seconds / 30).to_be_bytes());
    let at = usize::from(mac[19] & 15);
    let part = u32::from_be_bytes([mac[at], mac[at + 1], mac[at + 2], mac[at + 3]]) & 0x7fff_ffff;
    format!("{:06}", part % 1_000_000)
}

/// Sets somebody's second factor up; its secret, when that was, and the recovery codes.
pub fn turn_on(client: &Client<'_>) -> (String, u64, Vec<String>) {
    let begun = client.form("/account/second-factor", &[("password", PASSWORD)]);
    assert_eq!((begun.status, begun.header("cache-control")), (200, "no-store"), "{}", begun.body);
    assert!(begun.body.contains("<svg") && begun.body.contains("class=\"qr\""), "{}", begun.body);
    let key = begun.body.split("class=\"key\">").nth(1).and_then(|rest| rest.split('<').next()).expect("a key");
    let secret = key.replace(' ', "");
    let at = seconds();
    let on = client.form("/account/second-factor/confirm", &[("code", &code(&secret, at))]);
    assert_eq!((on.status, on.header("cache-control")), (200, "no-store"), "{}", on.body);
    let list = on.body.split("class=\"codes\">").nth(1).and_then(|rest| rest.split("</ul>").next()).expect("codes");
    let codes: Vec<String> =
        list.split("<code>").skip(1).filter_map(|rest| Some(rest.split('<').next()?.to_owned())).collect();
    assert_eq!(codes.len(), 10, "{list}");
    (secret, at, codes)
}

fn base32(text: &str) -> Vec<u8> {
    let (mut bytes, mut bits, mut held) = (Vec::new(), 0_u32, 0_u32);
    for c in text.bytes().filter(|c| !c.is_ascii_whitespace()) {
        let digit = if c.is_ascii_digit() { c - b'2' + 26 } else { c - b'A' };
        held = (held << 5) | u32::from(digit);
        bits += 5;
        if bits >= 8 {
            bits -= 8;
            bytes.push((held >> bits) as u8);
            held &= (1 << bits) - 1;
        }
    }
    bytes
}

/// RFC 2104.
fn hmac(key: &[u8], text: &[u8]) -> [u8; 20] {
    let mut padded = [0; 64];
    padded[..key.len()].copy_from_slice(key);
    let with =
        |byte: u8, text: &[u8]| -> Vec<u8> { padded.iter().map(|k| k ^ byte).chain(text.iter().copied()).collect() };
    sha1(&with(0x5c, &sha1(&with(0x36, text))))
}

/// FIPS 180-4.
fn sha1(text: &[u8]) -> [u8; 20] {
    let mut state: [u32; 5] = [0x6745_2301, 0xefcd_ab89, 0x98ba_dcfe, 0x1032_5476, 0xc3d2_e1f0];
    let mut text_and_end = text.to_vec();
    text_and_end.push(0x80);
    while text_and_end.len() % 64 != 56 {
        text_and_end.push(0);
    }
    text_and_end.extend((text.len() as u64 * 8).to_be_bytes());
    for block in text_and_end.chunks(64) {
        let mut words = [0_u32; 80];
        for (word, bytes) in words.iter_mut().zip(block.chunks(4)) {
            *word = u32::from_be_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]);
        }
        for i in 16..80 {
            words[i] = (words[i - 3] ^ words[i - 8] ^ words[i - 14] ^ words[i - 16]).rotate_left(1);
        }
        let [mut a, mut b, mut c, mut d, mut e] = state;
        for (i, word) in words.iter().enumerate() {
            let (f, k) = match i / 20 {
                0 => ((b & c) | (!b & d), 0x5a82_7999),
                1 => (b ^ c ^ d, 0x6ed9_eba1),
                2 => ((b & c) | (b & d) | (c & d), 0x8f1b_bcdc),
                _ => (b ^ c ^ d, 0xca62_c1d6_u32),
            };
            let next = a.rotate_left(5).wrapping_add(f).wrapping_add(e).wrapping_add(k).wrapping_add(*word);
            (a, b, c, d, e) = (next, a, b.rotate_left(30), c, d);
        }
        for (sum, part) in state.iter_mut().zip([a, b, c, d, e]) {
            *sum = sum.wrapping_add(part);
        }
    }
    let mut digest = [0; 20];
    for (bytes, word) in digest.chunks_mut(4).zip(state) {
        bytes.copy_from_slice(&word.to_be_bytes());
    }
    digest
}
