"""The attacks of Scripts/attack, a module for each kind."""
