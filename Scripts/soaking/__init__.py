"""What Scripts/soak does to a daemon; one module an idea."""
