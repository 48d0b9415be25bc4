"""What ``busos doctor`` looks at, a file per concern: checks answer with findings, and the fix where one is due."""
