//! Graphs of definitions. Nothing here recurses: a chain may be as long as the file.

/// The strongly connected components of a graph given by its edges; each comes after all those
/// that it leads to (Tarjan's algorithm).
pub(crate) fn components(edges: &[Vec<usize>]) -> Vec<Vec<usize>> {
    let mut search = Search {
        edges,
        number: vec![0; edges.len()],
        low: vec![0; edges.len()],
        waiting: vec![false; edges.len()],
        stack: Vec::new(),
        count: 0,
        found: Vec::new(),
    };
    for node in 0..edges.len() {
        if search.number[node] == 0 {
            search.from(node);
        }
    }
    search.found
}

struct Search<'a> {
    edges: &'a [Vec<usize>],
    /// In the order of the first visit, from 1; 0 is not yet.
    number: Vec<usize>,
    low: Vec<usize>,
    waiting: Vec<bool>,
    stack: Vec<usize>,
    count: usize,
    found: Vec<Vec<usize>>,
}

impl Search<'_> {
    fn from(&mut self, root: usize) {
        self.enter(root);
        let mut path = vec![(root, 0)];
        while let Some((node, edge)) = path.last_mut() {
            let node = *node;
            if let Some(&next) = self.edges[node].get(*edge) {
                *edge += 1;
                if self.number[next] == 0 {
                    self.enter(next);
                    path.push((next, 0));
                } else if self.waiting[next] {
                    self.low[node] = self.low[node].min(self.number[next]);
                }
                continue;
            }
            path.pop();
            if let Some((parent, _)) = path.last() {
                self.low[*parent] = self.low[*parent].min(self.low[node]);
            }
            self.leave(node);
        }
    }

    fn enter(&mut self, node: usize) {
        self.count += 1;
        self.number[node] = self.count;
        self.low[node] = self.count;
        self.waiting[node] = true;
        self.stack.push(node);
    }

    fn leave(&mut self, node: usize) {
        if self.low[node] != self.number[node] {
            return;
        }
        let start = self.stack.iter().rposition(|&n| n == node).unwrap_or(0);
        let component = self.stack.split_off(start);
        for &member in &component {
            self.waiting[member] = false;
        }
        self.found.push(component);
    }
}

/// Follows `next` from each node to where it ends; `None` for a chain without end.
pub(super) fn chain_ends(next: &[Option<usize>]) -> Vec<Option<usize>> {
    let mut ends: Vec<Option<usize>> = vec![None; next.len()];
    let mut seen = vec![false; next.len()];
    for start in 0..next.len() {
        let mut path = Vec::new();
        let mut node = start;
        let end = loop {
            if seen[node] {
                // Known from before, or on this very path: then it has none.
                break ends[node];
            }
            seen[node] = true;
            path.push(node);
            match next[node] {
                Some(following) => node = following,
                None => break Some(node),
            }
        };
        for node in path {
            ends[node] = end;
        }
    }
    ends
}

/// All nodes from which one of `seeds` can be reached.
pub(crate) fn reaching(edges: &[Vec<usize>], seeds: Vec<usize>) -> Vec<bool> {
    let mut back = vec![Vec::new(); edges.len()];
    for (from, targets) in edges.iter().enumerate() {
        for &to in targets {
            back[to].push(from);
        }
    }
    reachable(&back, seeds)
}

/// All nodes that can be reached from one of `seeds`.
pub(super) fn reachable(edges: &[Vec<usize>], seeds: Vec<usize>) -> Vec<bool> {
    let mut reached = vec![false; edges.len()];
    let mut todo = seeds;
    while let Some(node) = todo.pop() {
        if !std::mem::replace(&mut reached[node], true) {
            todo.extend_from_slice(&edges[node]);
        }
    }
    reached
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn components_come_after_what_they_lead_to() {
        // 0 → 1 ⇄ 2 → 3, and 4 → 4.
        let edges = vec![vec![1], vec![2], vec![1, 3], vec![], vec![4]];
        let mut found = components(&edges);
        found
            .iter_mut()
            .for_each(|component| component.sort_unstable());
        assert_eq!(found, [vec![3], vec![1, 2], vec![0], vec![4]]);
    }

    #[test]
    fn chains_end_or_turn_in_a_circle() {
        let next = [Some(1), Some(2), None, Some(4), Some(3), Some(3)];
        assert_eq!(
            chain_ends(&next),
            [Some(2), Some(2), Some(2), None, None, None]
        );
    }

    #[test]
    fn a_long_chain_does_not_use_up_the_stack() {
        let edges: Vec<Vec<usize>> = (1..=200_000).map(|n| vec![n % 200_000]).collect();
        assert_eq!(components(&edges).len(), 1);
        assert!(reaching(&edges, vec![7]).iter().all(|&reached| reached));
    }
}
