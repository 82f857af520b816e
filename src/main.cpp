#include "commands/program.hpp"

int main(int argc, char** argv) { return goracs::run_program(argc, argv); }
