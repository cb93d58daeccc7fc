//! Deltas: bytes as what they differ in from other bytes, much like them.
//!
//! A delta goes through both from front to back: *keep so many bytes of the base, leave out so many, put in these*, again
//! and again. Nothing is taken from further in front, because versions of a chunk hold the same things in the same order:
//! changed cells, added and removed rows. So whatever a delta says, what it makes is no longer than the base and the
//! delta together.

use crate::tree::bytes::{Reader, put_varint};

/// What is kept between two differences has at least so many bytes.
const GRAM: usize = 8;
/// How far the next common bytes are looked for, first near, then further away: it seldom takes more than the first.
/// Whoever looks far goes far, so that the work stays in proportion to the bytes.
const WINDOWS: [usize; 4] = [64, 512, 4 << 10, 64 << 10];

/// What `target` differs in from `base`.
pub(crate) fn make(base: &[u8], target: &[u8]) -> Vec<u8> {
    let mut delta = Vec::new();
    let (mut base, mut target) = (base, target);
    while !target.is_empty() {
        let kept = common(base, target);
        (base, target) = (&base[kept..], &target[kept..]);
        let (left_out, put_in) = next_common(base, target).unwrap_or((0, target.len()));
        [kept, left_out, put_in].into_iter().for_each(|number| put_varint(&mut delta, number as u64));
        delta.extend(&target[..put_in]);
        (base, target) = (&base[left_out..], &target[put_in..]);
    }
    delta
}

/// What a delta makes of its base; none when it was not made for it.
pub(crate) fn apply(base: &[u8], delta: &[u8]) -> Option<Vec<u8>> {
    let mut made = Vec::with_capacity(base.len() + delta.len());
    let (mut base, mut delta) = (Reader::new("delta", base), Reader::new("delta", delta));
    while delta.left() > 0 {
        let [kept, left_out, put_in] = [delta.varint().ok()?, delta.varint().ok()?, delta.varint().ok()?];
        made.extend(base.take(usize::try_from(kept).ok()?).ok()?);
        base.take(usize::try_from(left_out).ok()?).ok()?;
        made.extend(delta.take(usize::try_from(put_in).ok()?).ok()?);
    }
    Some(made)
}

/// How many bytes both begin with.
fn common(a: &[u8], b: &[u8]) -> usize {
    let words = a.chunks_exact(GRAM).zip(b.chunks_exact(GRAM)).take_while(|(a, b)| a == b).count() * GRAM;
    words + a[words..].iter().zip(&b[words..]).take_while(|(a, b)| a == b).count()
}

/// The nearest place at which both go on with the same bytes: how many stand before it in each.
fn next_common(base: &[u8], target: &[u8]) -> Option<(usize, usize)> {
    WINDOWS.into_iter().find_map(|window| {
        let [base, target] = [base, target].map(|bytes| &bytes[..bytes.len().min(window)]);
        nearest(base, target)
    })
}

fn nearest(base: &[u8], target: &[u8]) -> Option<(usize, usize)> {
    // Places in the base by the hash of what begins there; the first of each hash, plus one.
    let bits = (base.len().max(GRAM) * 2).next_power_of_two().trailing_zeros();
    let place = |gram: &[u8]| {
        let word = u64::from_le_bytes(gram.try_into().expect("grams have eight bytes"));
        // Multiplying by 2⁶⁴ / φ spreads what differs over the highest bits (Knuth, TAOCP 6.4).
        (word.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> (64 - bits)) as usize
    };
    let mut places = vec![0_u32; 1 << bits];
    for (at, gram) in base.windows(GRAM).enumerate().rev() {
        places[place(gram)] = u32::try_from(at + 1).ok()?;
    }
    let mut best: Option<(usize, usize)> = None;
    for (at, gram) in target.windows(GRAM).enumerate() {
        if best.is_some_and(|(base, target)| at >= base + target) {
            break;
        }
        let Some(found) = (places[place(gram)] as usize).checked_sub(1) else { continue };
        let is_nearer = best.is_none_or(|(base, target)| found + at < base + target);
        if is_nearer && base[found..found + GRAM] == *gram {
            best = Some((found, at));
        }
    }
    best
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_made_is_what_was_there() {
        let base: Vec<u8> = (0..10_000_u32).flat_map(|number| (number * number).to_le_bytes()).collect();
        let mut changed = base.clone();
        changed[20_000] ^= 1;
        changed.splice(3_000..3_100, [7; 40]);
        changed.splice(30_000..30_000, [9; 1_000]);
        for (base, target) in [
            (&base[..], &base[..]),
            (&base, &changed),
            (&changed, &base),
            (&base, &base[17..]),
            (&base, &base[..17]),
            (&base, b""),
            (b"", &base),
            (b"", b""),
            (&[0; 5_000], &[0; 9_000]),
        ] {
            let delta = make(base, target);
            assert_eq!(apply(base, &delta).as_deref(), Some(target));
        }
        assert!(make(&base, &changed).len() < 1_100);
        assert!(make(&base, &base).len() <= 5);
    }

    #[test]
    fn what_is_not_there_can_t_be_kept() {
        assert_eq!(apply(b"base", &[5, 0, 0]), None);
        assert_eq!(apply(b"base", &[4, 1, 0]), None);
        assert_eq!(apply(b"base", &[0, 0, 1]), None);
        assert_eq!(apply(b"base", &[1, 0]), None);
        assert_eq!(apply(b"base", &[0xFF; 12]), None);
        assert_eq!(apply(b"base", &[1, 2, 1, b'o', 1, 0, 0]).as_deref(), Some(&b"boe"[..]));
    }
}
