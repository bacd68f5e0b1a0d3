//! Order events as a web shop writes them: the same ones in every run, so that what is read can be compared with what was written.

use serde_json::json;

const GOODS: [(&str, &str, u64); 8] = [
    ("TG-1001", "Espresso beans 1 kg", 1890),
    ("TG-1002", "Hand grinder", 8900),
    ("TG-1003", "Paper filters, 100", 449),
    ("TG-1004", "Gooseneck kettle", 6450),
    ("TG-1005", "Kitchen scale 0.1 g", 3295),
    ("TG-1006", "Double-wall glass", 1250),
    ("TG-1007", "Descaler", 795),
    ("TG-1008", "Travel press", 4290),
];
const PEOPLE: [(&str, &str, &str); 6] = [
    ("Amara Okafor", "Lagos", "NG"),
    ("Jonas Lindqvist", "Malmö", "SE"),
    ("Mei Tanaka", "Sapporo", "JP"),
    ("Lucía Fernández", "Bilbao", "ES"),
    ("Priya Raman", "Chennai", "IN"),
    ("Tom Baker", "Leeds", "GB"),
];

/// One line per order: key, tab, JSON.
pub(super) fn lines(count: u64) -> String {
    let mut dice = Dice(0x7469_6465_6761_7465);
    (1..=count).map(|number| line(number, &mut dice)).collect()
}

fn line(number: u64, dice: &mut Dice) -> String {
    let customer = dice.below(4000);
    let (name, city, country) = dice.pick(&PEOPLE);
    let items: Vec<_> = (0..=dice.below(3))
        .map(|_| {
            let (sku, title, cents) = dice.pick(&GOODS);
            (sku, title, cents, 1 + dice.below(3))
        })
        .collect();
    let total: u64 = items.iter().map(|(_, _, cents, quantity)| cents * quantity).sum();
    // One order every 8.6 s fills a day with 10,000.
    let second = number * 86_399 / 10_000 % 86_400;
    let card = dice.below(10_000);
    let event = json!({
        "event": "order_created",
        "order_id": format!("O-{number:06}"),
        "created_at": format!("2026-03-14T{:02}:{:02}:{:02}Z", second / 3600, second / 60 % 60, second % 60),
        "customer": { "id": format!("C-{customer:04}"), "name": name, "email": format!("c{customer:04}@example.com") },
        "ship_to": { "city": city, "country": country },
        "items": items.iter().map(|(sku, title, cents, quantity)| {
            json!({ "sku": sku, "title": title, "unit_cents": cents, "quantity": quantity })
        }).collect::<Vec<_>>(),
        "total_cents": total,
        "currency": "EUR",
        "payment": { "method": "card", "card_last4": format!("{card:04}") },
    });
    format!("O-{number:06}\t{event}\n")
}

/// A small generator (xorshift64*), always from the same seed.
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33) % limit
    }

    fn pick<T: Copy, const N: usize>(&mut self, from: &[T; N]) -> T {
        let index = usize::try_from(self.below(N as u64)).unwrap_or(0);
        from.get(index).copied().unwrap_or(from[0])
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn orders_are_distinct_the_same_each_time_and_one_line_each() {
        let text = lines(10_000);
        assert_eq!(text, lines(10_000));
        let set: BTreeSet<&str> = text.lines().map(|line| line.split_once('\t').unwrap().1).collect();
        assert_eq!(set.len(), 10_000);
    }
}
