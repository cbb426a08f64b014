"""From a confirmed plan to removed contracts: back up, gate, send."""
