"""Write-once, encrypted snapshots."""
