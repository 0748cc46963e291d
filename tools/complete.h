/*
 * What completion of csparkctl needs to know, as shell functions that bash and zsh both understand, from the
 * tables of commands, operations and options.
 */
#pragma once

/* On stdout. */
void complete_print_tables(void);
