"""When is a theme's count above what was expected? Pure maths on arrays of days; no database, no clock."""
