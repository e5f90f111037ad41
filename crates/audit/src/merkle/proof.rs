//! Proofs: that an entry is in a tree, and that a tree is the beginning of a larger one.
//!
//! Whoever makes a proof has the leaves, or roots of parts of them: `root` gives the root over a range of leaves.

use std::ops::Range;

use super::{Hash, empty, node};

/// The root over the hashes of leaves.
#[must_use]
pub fn root(leaves: &[Hash]) -> Hash {
    match leaves {
        [] => empty(),
        [leaf] => *leaf,
        leaves => {
            let (left, right) = leaves.split_at(split(leaves.len()));
            node(&root(left), &root(right))
        }
    }
}

/// The largest power of two below `size`, which is at least 2.
const fn split(size: usize) -> usize {
    1 << (usize::BITS - 1 - (size - 1).leading_zeros())
}

/// PATH of RFC 6962, section 2.1.1: what it takes beside the leaf at `index` to compute the root of the tree over those
/// leaves. `None` outside the tree.
pub fn inclusion_proof(
    tree: Range<usize>,
    index: usize,
    root: &mut impl FnMut(Range<usize>) -> Hash,
) -> Option<Vec<Hash>> {
    if !tree.contains(&index) {
        return None;
    }
    if tree.len() == 1 {
        return Some(Vec::new());
    }
    let middle = tree.start + split(tree.len());
    let (left, right) = (tree.start..middle, middle..tree.end);
    let (near, far) = if index < middle { (left, right) } else { (right, left) };
    let mut path = inclusion_proof(near, index, root)?;
    path.push(root(far));
    Some(path)
}

/// Whether the proof leads from the leaf at `index` to the root of a tree of that size (RFC 9162, section 2.1.3.2).
#[must_use]
pub fn is_included(leaf: Hash, index: u64, size: u64, proof: &[Hash], root: &Hash) -> bool {
    if index >= size {
        return false;
    }
    let (mut at, mut last, mut hash) = (index, size - 1, leaf);
    for sibling in proof {
        if last == 0 {
            return false;
        }
        if at & 1 == 1 || at == last {
            hash = node(sibling, &hash);
            while at & 1 == 0 && at != 0 {
                at >>= 1;
                last >>= 1;
            }
        } else {
            hash = node(&hash, sibling);
        }
        at >>= 1;
        last >>= 1;
    }
    last == 0 && hash == *root
}

/// PROOF of RFC 6962, section 2.1.2: that the tree over the first `small` leaves is the beginning of the tree over the first
/// `large` ones. `None` when it isn't smaller.
pub fn consistency_proof(small: usize, large: usize, root: &mut impl FnMut(Range<usize>) -> Hash) -> Option<Vec<Hash>> {
    match small {
        _ if small > large => None,
        // nothing to show: of an empty tree, and of the same
        _ if small == 0 || small == large => Some(Vec::new()),
        _ => Some(sub_proof(0..large, small, true, root)),
    }
}

/// `known` says whether the verifier has the root of the leaves before `small`.
fn sub_proof(tree: Range<usize>, small: usize, known: bool, root: &mut impl FnMut(Range<usize>) -> Hash) -> Vec<Hash> {
    if small == tree.end {
        return if known { Vec::new() } else { vec![root(tree)] };
    }
    let middle = tree.start + split(tree.len());
    let (left, right) = (tree.start..middle, middle..tree.end);
    let (mut path, sibling) = if small <= middle {
        (sub_proof(left, small, known, root), root(right))
    } else {
        (sub_proof(right, small, false, root), root(left))
    };
    path.push(sibling);
    path
}

/// Whether the proof shows that the tree of the first root is the beginning of the tree of the second
/// (RFC 9162, section 2.1.4.2).
#[must_use]
pub fn is_consistent(first: (u64, &Hash), second: (u64, &Hash), proof: &[Hash]) -> bool {
    let ((small, small_root), (large, large_root)) = (first, second);
    if small > large {
        return false;
    }
    if small == large {
        return proof.is_empty() && small_root == large_root;
    }
    if small == 0 {
        return proof.is_empty() && *small_root == empty();
    }
    let (mut at, mut last) = (small - 1, large - 1);
    while at & 1 == 1 {
        at >>= 1;
        last >>= 1;
    }
    // a complete tree is its own first peak
    let mut path = proof.iter();
    let start = if small.is_power_of_two() { Some(small_root) } else { path.next() };
    let Some(start) = start else { return false };
    let (mut old, mut new) = (*start, *start);
    for sibling in path {
        if last == 0 {
            return false;
        }
        if at & 1 == 1 || at == last {
            old = node(sibling, &old);
            new = node(sibling, &new);
            while at & 1 == 0 && at != 0 {
                at >>= 1;
                last >>= 1;
            }
        } else {
            new = node(&new, sibling);
        }
        at >>= 1;
        last >>= 1;
    }
    last == 0 && old == *small_root && new == *large_root
}
