//! Aligned text for people, and words from outside made harmless for a terminal.

use tidegate_model::is_harmless;

/// Where a column's text stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Align {
    /// Words.
    Left,
    /// Numbers.
    Right,
}

/// Rows that are aligned when they are taken. Widths only grow from one taking to the next, so that blocks line up.
#[derive(Debug)]
pub(crate) struct Table {
    header: Option<Vec<String>>,
    align: Vec<Align>,
    widths: Vec<usize>,
    rows: Vec<Vec<String>>,
}

impl Table {
    /// With a header, which stands before the first rows.
    pub(crate) fn new(columns: Vec<(String, Align)>) -> Self {
        let (header, align): (Vec<_>, Vec<_>) = columns.into_iter().unzip();
        let widths = header.iter().map(|name| name.chars().count()).collect();
        Table { header: Some(header), align, widths, rows: Vec::new() }
    }

    /// With a header, all columns aligned to the left.
    pub(crate) fn of(columns: &[&str]) -> Self {
        Self::new(columns.iter().map(|name| ((*name).to_owned(), Align::Left)).collect())
    }

    /// Without a header.
    pub(crate) fn headless(align: Vec<Align>) -> Self {
        let widths = vec![0; align.len()];
        Table { header: None, align, widths, rows: Vec::new() }
    }

    /// Adds a row.
    pub(crate) fn row(&mut self, cells: Vec<String>) {
        for (width, cell) in self.widths.iter_mut().zip(&cells) {
            *width = (*width).max(cell.chars().count());
        }
        self.rows.push(cells);
    }

    /// The rows so far as lines.
    pub(crate) fn take(&mut self) -> String {
        let rows = std::mem::take(&mut self.rows);
        let header = self.header.take();
        header.iter().chain(&rows).map(|cells| self.line(cells)).collect()
    }

    fn line(&self, cells: &[String]) -> String {
        let mut line = String::new();
        for ((cell, width), align) in cells.iter().zip(&self.widths).zip(&self.align) {
            let cell = match align {
                Align::Left => format!("{cell:<width$}  "),
                Align::Right => format!("{cell:>width$}  "),
            };
            line.push_str(&cell);
        }
        format!("{}\n", line.trim_end())
    }
}

/// A text from outside for a terminal: what could move the cursor, hide or turn text around is escaped; at most `max`
/// characters, the last of them `…` when more were there.
pub(crate) fn shown(text: &str, max: usize) -> String {
    let mut out: Vec<char> = Vec::new();
    for c in text.chars() {
        if is_harmless(c) {
            out.push(c)
        } else {
            out.extend(c.escape_unicode())
        }
        if out.len() > max {
            out.truncate(max.saturating_sub(1));
            out.push('…');
            break;
        }
    }
    out.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_line_up_over_blocks() {
        let mut table = Table::new(vec![("NAME".into(), Align::Left), ("N".into(), Align::Right)]);
        table.row(vec!["a".into(), "1".into()]);
        table.row(vec!["longer".into(), "200".into()]);
        assert_eq!(table.take(), "NAME      N\na         1\nlonger  200\n");
        table.row(vec!["b".into(), "2".into()]);
        assert_eq!(table.take(), "b         2\n");
        assert_eq!(table.take(), "");
    }

    #[test]
    fn words_from_outside_cannot_play_with_the_terminal() {
        assert_eq!(shown("a\u{1b}[2Jb\n\u{202e}", 99), "a\\u{1b}[2Jb\\u{a}\\u{202e}");
        assert_eq!(shown("orders-größe", 99), "orders-größe");
        assert_eq!(shown("abcdef", 4), "abc…");
        assert_eq!(shown("abcd", 4), "abcd");
    }
}
