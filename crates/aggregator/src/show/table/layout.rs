//! Columns of text side by side, within a width.

/// The space between columns.
const GAP: &str = "  ";

/// One column: its title, and a cell for each row.
pub(super) struct Column {
    title: &'static str,
    rank: u8,
    align: Align,
    /// What its cells may be cut down to.
    least: Option<usize>,
    cells: Vec<String>,
    width: usize,
}

/// On which side the cells of a column stand.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Align {
    /// Text.
    Left,
    /// Numbers.
    Right,
}

impl Column {
    /// A column. Of rank 0 it is never left out; of those that may be, the highest rank goes first.
    pub(super) fn new(title: &'static str, rank: u8, align: Align, cells: impl IntoIterator<Item = String>) -> Self {
        let cells: Vec<_> = cells.into_iter().collect();
        let width = cells
            .iter()
            .map(|cell| characters(cell))
            .fold(characters(title), usize::max);
        Column {
            title,
            rank,
            align,
            least: None,
            cells,
            width,
        }
    }

    /// Longer cells may lose their middle down to this many characters.
    pub(super) fn shortened_to(mut self, least: usize) -> Self {
        self.least = Some(least);
        self
    }

    fn least(&self) -> usize {
        self.least.map_or(self.width, |least| self.width.min(least))
    }

    fn cell(&self, text: &str) -> String {
        let text = middle_cut(text, self.width);
        let space = " ".repeat(self.width.saturating_sub(characters(&text)));
        match self.align {
            Align::Left => text + &space,
            Align::Right => space + &text,
        }
    }
}

/// The title line and one line a row, without trailing spaces.
pub(super) fn lines(columns: Vec<Column>, width: usize) -> Vec<String> {
    let columns = fit(columns, width);
    let height = columns.first().map_or(0, |column| column.cells.len());
    let line = |text: &dyn Fn(&Column) -> String| {
        let cells: Vec<_> = columns.iter().map(text).collect();
        cells.join(GAP).trim_end().to_owned()
    };
    let titles = line(&|column| column.cell(column.title));
    let rows = (0..height).map(|row| line(&|column| column.cell(&column.cells[row])));
    std::iter::once(titles).chain(rows).collect()
}

/// Leaves columns out until the rest can fit, then shortens what may be shortened, from the right.
fn fit(mut columns: Vec<Column>, width: usize) -> Vec<Column> {
    while total(&columns, Column::least) > width
        && let Some(at) = least_needed(&columns)
    {
        columns.remove(at);
    }
    let mut excess = total(&columns, |column| column.width).saturating_sub(width);
    for column in columns.iter_mut().rev() {
        let cut = excess.min(column.width - column.least());
        column.width -= cut;
        excess -= cut;
    }
    columns
}

fn total(columns: &[Column], width: impl Fn(&Column) -> usize) -> usize {
    let gaps = columns.len().saturating_sub(1) * GAP.len();
    columns.iter().map(width).sum::<usize>() + gaps
}

/// Of the columns of the highest rank, the one furthest right.
fn least_needed(columns: &[Column]) -> Option<usize> {
    let droppable = columns.iter().enumerate().filter(|(_, column)| column.rank > 0);
    droppable
        .max_by_key(|(at, column)| (column.rank, *at))
        .map(|(at, _)| at)
}

/// The text in at most `width` characters: where it is longer, `…` stands for its middle.
fn middle_cut(text: &str, width: usize) -> String {
    let length = characters(text);
    if length <= width {
        return text.to_owned();
    }
    let kept = width.saturating_sub(1);
    let tail = kept / 2;
    let head = kept - tail;
    text.chars()
        .take(head)
        .chain(['…'])
        .chain(text.chars().skip(length - tail))
        .collect()
}

fn characters(text: &str) -> usize {
    text.chars().count()
}
