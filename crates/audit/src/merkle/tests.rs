use std::collections::HashMap;
use std::ops::Range;

use super::*;

/// Roots of the first leaves below, as the certificate transparency project publishes them.
const LEAVES: [&str; 8] =
    ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"];
const ROOTS: [&str; 8] = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
];
/// Every size up to here, with every proof.
const SIZES: usize = 1025;

fn leaves(count: usize) -> Vec<Hash> {
    (0..count).map(|n| leaf(&n.to_be_bytes())).collect()
}

/// The root of the first leaves, for every number of them.
fn roots(leaves: &[Hash]) -> Vec<Hash> {
    let mut tree = Frontier::default();
    let mut roots = vec![tree.root()];
    for leaf in leaves {
        tree.push(*leaf);
        roots.push(tree.root());
    }
    roots
}

#[test]
fn roots_are_those_of_the_published_vectors() {
    let data: Vec<_> = LEAVES.iter().map(|leaf| leaf_of(leaf)).collect();
    let found: Vec<_> = roots(&data).iter().map(hex::encode).collect();
    assert_eq!(found[0], "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    assert_eq!(found[1..], ROOTS);
}

fn leaf_of(text: &str) -> Hash {
    leaf(&hex::decode(text).unwrap())
}

#[test]
fn a_frontier_that_is_resumed_grows_as_one_that_was_never_stored() {
    let leaves = leaves(200);
    let mut tree = Frontier::default();
    for leaf in &leaves {
        let stored = Frontier::resume(tree.size(), tree.peaks().to_vec()).unwrap();
        assert_eq!(stored, tree);
        tree.push(*leaf);
    }
    assert_eq!(Frontier::resume(tree.size() + 1, tree.peaks().to_vec()).map(|t| t.size()), None);
}

/// Proofs with every one of so many are also tried with something wrong in them.
const WRONG: usize = 16;

/// Roots of ranges, each computed once.
struct Ranges {
    leaves: Vec<Hash>,
    known: HashMap<Range<usize>, Hash>,
}

impl Ranges {
    fn new() -> Self {
        Self { leaves: leaves(SIZES), known: HashMap::new() }
    }

    fn root(&mut self, range: Range<usize>) -> Hash {
        let leaves = &self.leaves[range.clone()];
        *self.known.entry(range).or_insert_with(|| root(leaves))
    }
}

fn len(size: usize) -> u64 {
    u64::try_from(size).unwrap()
}

#[test]
fn every_leaf_of_every_tree_is_proven_to_be_in_it_and_nowhere_else() {
    let mut ranges = Ranges::new();
    let leaves = ranges.leaves.clone();
    let other = leaf(b"another");
    let mut proofs = 0;
    for (size, root) in roots(&leaves).iter().enumerate() {
        assert_eq!(inclusion_proof(0..size, size, &mut |range| ranges.root(range)), None);
        for (index, leaf) in leaves.iter().enumerate().take(size) {
            let mut proof = inclusion_proof(0..size, index, &mut |range| ranges.root(range)).unwrap();
            let included = |leaf, index, proof: &[Hash], root| is_included(leaf, len(index), len(size), proof, root);
            assert!(included(*leaf, index, &proof, root), "{index} of {size}");
            proofs += 1;
            if proofs % WRONG > 0 {
                continue;
            }
            assert!(!included(other, index, &proof, root), "{index} of {size}: another leaf");
            assert!(!included(*leaf, index, &proof, &other), "{index} of {size}: another root");
            let mirrored = size - 1 - index;
            assert!(mirrored == index || !included(*leaf, mirrored, &proof, root), "{index} of {size}: another place");
            proof.push(other);
            assert!(!included(*leaf, index, &proof, root), "{index} of {size}: one too many");
        }
    }
    assert_eq!(proofs, SIZES * (SIZES + 1) / 2);
}

#[test]
fn every_tree_is_proven_to_be_the_beginning_of_every_larger_one_and_no_other_is() {
    let mut ranges = Ranges::new();
    let roots = roots(&ranges.leaves);
    let other = leaf(b"another");
    let mut proofs = 0;
    for (large, large_root) in roots.iter().enumerate() {
        assert_eq!(consistency_proof(large + 1, large, &mut |range| ranges.root(range)), None);
        for (small, small_root) in roots.iter().enumerate().take(large + 1) {
            let mut proof = consistency_proof(small, large, &mut |range| ranges.root(range)).unwrap();
            let (first, second) = ((len(small), small_root), (len(large), large_root));
            assert!(is_consistent(first, second, &proof), "{small} of {large}");
            proofs += 1;
            if proofs % WRONG > 0 {
                continue;
            }
            assert!(!is_consistent((first.0, &other), second, &proof), "{small} of {large}: other beginning");
            assert!(small == 0 || !is_consistent(first, (second.0, &other), &proof), "{small} of {large}: other end");
            assert!(small == large || !is_consistent(second, first, &proof), "{large} of {small}");
            proof.push(other);
            assert!(!is_consistent(first, second, &proof), "{small} of {large}: one too many");
        }
    }
    assert_eq!(proofs, (SIZES + 1) * (SIZES + 2) / 2);
}
