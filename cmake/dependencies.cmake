# dependencies: libraries by their Debian 12 packages; `packages.txt` at the top names each one.
find_package(Threads REQUIRED)
find_package(fmt 9 REQUIRED)                   # libfmt-dev
find_package(nlohmann_json 3.11 REQUIRED)      # nlohmann-json3-dev
find_package(tl-expected 1.0 REQUIRED)         # libexpected-dev
find_package(OpenSSL 3 REQUIRED)               # libssl-dev
find_package(CURL REQUIRED)                    # libcurl4-openssl-dev
find_package(yaml-cpp REQUIRED)                # libyaml-cpp-dev
# cmake 3.25's own FindBoost stops at 1.80: the package's config file is the way.
find_package(Boost 1.81 CONFIG REQUIRED)       # libboost1.81-dev
find_package(PkgConfig REQUIRED)
pkg_check_modules(libssh2 REQUIRED IMPORTED_TARGET libssh2)  # libssh2-1-dev
pkg_check_modules(pugixml REQUIRED IMPORTED_TARGET pugixml)  # libpugixml-dev
find_package(GTest REQUIRED)                   # libgtest-dev, libgmock-dev
