//! The Merkle tree of RFC 6962 (section 2.1) over leaves, kept as its right edge, and its C2SP tile layout.

use aws_lc_rs::digest::{Context, SHA256, digest};

/// A SHA-256 value.
pub type Hash = [u8; 32];

/// Hashes in a full tile (C2SP tlog-tiles).
pub const TILE_WIDTH: usize = 256;

/// SHA-256 of some bytes.
#[must_use]
pub fn sha256(bytes: &[u8]) -> Hash {
    to_hash(digest(&SHA256, bytes).as_ref())
}

/// SHA-256 of parts one after the other.
#[must_use]
pub fn sha256_parts(parts: &[&[u8]]) -> Hash {
    let mut context = Context::new(&SHA256);
    for part in parts {
        context.update(part);
    }
    to_hash(context.finish().as_ref())
}

/// The digest has 32 bytes by its algorithm.
pub(crate) fn to_hash(bytes: &[u8]) -> Hash {
    let mut hash = [0; 32];
    for (to, from) in hash.iter_mut().zip(bytes) {
        *to = *from;
    }
    hash
}

/// The hash of a leaf: SHA-256(0x00 || leaf).
#[must_use]
pub fn leaf_hash(leaf: &[u8]) -> Hash {
    sha256_parts(&[&[0], leaf])
}

/// The hash of an inner node: SHA-256(0x01 || left || right).
#[must_use]
pub fn node_hash(left: &Hash, right: &Hash) -> Hash {
    sha256_parts(&[&[1], left, right])
}

/// The right edge of a growing tree: the roots of its full subtrees, largest first. Takes O(log n) memory.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Frontier {
    size: u64,
    edge: Vec<Hash>,
}

impl Frontier {
    /// Adds a leaf by its hash.
    pub fn push(&mut self, leaf: Hash) {
        let mut hash = leaf;
        let mut below = self.size;
        while below & 1 == 1 {
            if let Some(left) = self.edge.pop() {
                hash = node_hash(&left, &hash);
            }
            below >>= 1;
        }
        self.edge.push(hash);
        self.size += 1;
    }

    /// Leaves so far.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.size
    }

    /// The tree's root; SHA-256 of nothing for the empty tree.
    #[must_use]
    pub fn root(&self) -> Hash {
        let mut edge = self.edge.iter().rev();
        let Some(last) = edge.next() else { return sha256(&[]) };
        edge.fold(*last, |right, left| node_hash(left, &right))
    }
}

/// The root of one full tile of a level, which is a hash of the level above.
fn tile_root(hashes: &[Hash]) -> Hash {
    let mut frontier = Frontier::default();
    for hash in hashes {
        frontier.push(*hash);
    }
    frontier.root()
}

/// A tile of the C2SP layout.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tile {
    /// Height: level 0 holds leaf hashes.
    pub level: u8,
    /// Position within its level.
    pub number: u64,
    /// Hashes one after the other, 32 bytes each; 256 of them in a full tile.
    pub data: Vec<u8>,
}

impl Tile {
    /// The path below the log's folder, such as `tile/0/x001/x234/067` or, for a partial tile, `tile/0/000.p/5`.
    #[must_use]
    pub fn path(&self) -> String {
        let width = self.data.len() / 32;
        let mut name = format!("{:03}", self.number % 1000);
        let mut rest = self.number / 1000;
        while rest > 0 {
            name = format!("x{:03}/{name}", rest % 1000);
            rest /= 1000;
        }
        let partial = if width < TILE_WIDTH { format!(".p/{width}") } else { String::new() };
        format!("tile/{}/{name}{partial}", self.level)
    }
}

/// Cuts the tree's hashes into tiles as leaves come.
#[derive(Clone, Debug, Default)]
pub struct Tiler {
    levels: Vec<(u64, Vec<Hash>)>,
}

impl Tiler {
    /// Adds a leaf by its hash; returns the tiles that it fills, lowest level first.
    pub fn push(&mut self, leaf: Hash) -> Vec<Tile> {
        let mut full = Vec::new();
        let mut hash = leaf;
        for level in 0u8.. {
            let place = usize::from(level);
            if self.levels.len() == place {
                self.levels.push((0, Vec::with_capacity(TILE_WIDTH)));
            }
            let Some((number, hashes)) = self.levels.get_mut(place) else { break };
            hashes.push(hash);
            if hashes.len() < TILE_WIDTH {
                break;
            }
            full.push(Tile { level, number: *number, data: hashes.concat() });
            hash = tile_root(hashes);
            hashes.clear();
            *number += 1;
        }
        full
    }

    /// The tiles that are not full yet.
    #[must_use]
    pub fn partial(&self) -> Vec<Tile> {
        let levels = (0u8..).zip(&self.levels).filter(|(_, (_, hashes))| !hashes.is_empty());
        levels.map(|(level, (number, hashes))| Tile { level, number: *number, data: hashes.concat() }).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hex(hash: Hash) -> String {
        hash.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// The straight definition of RFC 6962, section 2.1.
    fn by_definition(leaves: &[Vec<u8>]) -> Hash {
        match leaves {
            [] => sha256(&[]),
            [leaf] => leaf_hash(leaf),
            _ => {
                let k = leaves.len().next_power_of_two() / 2;
                node_hash(&by_definition(&leaves[..k]), &by_definition(&leaves[k..]))
            }
        }
    }

    /// Roots of the test tree of the Certificate Transparency projects.
    #[test]
    fn roots_are_those_of_certificate_transparency() {
        let leaves: [&[u8]; 8] = [
            &[],
            &[0x00],
            &[0x10],
            &[0x20, 0x21],
            &[0x30, 0x31],
            &[0x40, 0x41, 0x42, 0x43],
            &[0x50, 0x51, 0x52, 0x53, 0x54, 0x55, 0x56, 0x57],
            &[0x60, 0x61, 0x62, 0x63, 0x64, 0x65, 0x66, 0x67, 0x68, 0x69, 0x6a, 0x6b, 0x6c, 0x6d, 0x6e, 0x6f],
        ];
        let mut tree = Frontier::default();
        assert_eq!(hex(tree.root()), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
        let mut roots = Vec::new();
        for leaf in leaves {
            tree.push(leaf_hash(leaf));
            roots.push(hex(tree.root()));
        }
        assert_eq!(roots[0], "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d");
        assert_eq!(roots[7], "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328");
    }

    #[test]
    fn right_edge_agrees_with_the_definition() {
        let mut tree = Frontier::default();
        let mut leaves = Vec::new();
        for n in 0u16..70 {
            leaves.push(n.to_be_bytes().to_vec());
            tree.push(leaf_hash(&n.to_be_bytes()));
            assert_eq!(tree.root(), by_definition(&leaves), "{n}");
            assert_eq!(tree.size(), leaves.len() as u64);
        }
    }

    #[test]
    fn tiles_hold_every_hash_once() {
        let mut tiler = Tiler::default();
        let mut full = Vec::new();
        for n in 0u32..70_000 {
            full.extend(tiler.push(leaf_hash(&n.to_be_bytes())));
        }
        // The numbers of the tlog-tiles text for a tree of 70,000: 273 full tiles of level 0, one of level 1.
        assert_eq!(full.iter().filter(|tile| tile.level == 0).count(), 273);
        assert_eq!(full.iter().filter(|tile| tile.level == 1).count(), 1);
        let partial: Vec<String> = tiler.partial().iter().map(Tile::path).collect();
        assert_eq!(partial, ["tile/0/273.p/112", "tile/1/001.p/17", "tile/2/000.p/1"]);
        let far = Tile { level: 0, number: 1_234_067, data: vec![0; 8192] };
        assert_eq!(far.path(), "tile/0/x001/x234/067");
    }
}
