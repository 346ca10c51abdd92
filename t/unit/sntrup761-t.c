/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */


#include "crypto.h"
#include "sntrup761.h"
#include "tap.h"

#define N SFTP_SNTRUP761_N

/* Number 0 of kat_kem.rsp of the NTRU Prime submission (2020).  The input is
 * not in that file; it comes out of the ciphertext with the private key.
 */
static const char kat_public[] =
  "36c969cf1008a6aa9551a784941c65a9bf68c2dc33fa36b5d266b25171b346679f2d22bf"
  "3123a79c790d6dec68e1bc44420a6824f5357c78e3c336fee0551e620dcb975f563682a3"
  "12a3353b521c727f57cabed0c3228f09317cae8b58158ebf5b26bdc6e6365aa601acad2a"
  "bd37f5830d0bbfe355705c0a62b76a5c910ad04e55e5dad749c7393d2e2e8ab643e62e47"
  "57ad2201caa33203f53b4a9d4757e7274d72bdb036a31d7de11e5d1c66cf3059f33b6a29"
  "72c1e1d9c9fb2aebc78b2c055d48d79c3a7c996c08b7def0791cde895053885d8da1d254"
  "ee19c090af34f4720b0b77139108d8498982feab0b54934cee3dcd24b049f981a84c9280"
  "28a64a26cdf87052313c3e50b2e1f539394502433c0962996c3599189b15174281b6595b"
  "567b8c4cd80902860e613ae1906a55607cbf0e11ad6c0c0df38c006a5f535fa6e6fb49d1"
  "0b78b9cb6473bf0630518db6fdecfd70ded201c7e35ffb3bb78d8aec181f6de960c316fe"
  "354b7cc69e8048201965aafef4ea3f808737ff45255a1779de57a4b68db587263d7b7f6c"
  "b07d8b01224dd291237efd9c01676e30154a2a7d60174536580fe64efedda5fb42c13ed8"
  "c5768a3cbcae7a2343b3128cd5c1c663a07c7dc0e1e2642c0d9a02f349c964154a6c4308"
  "d8ecf30f47e9a81eed2a32a2bb44dfc36a28a66ae77bb139fa416b6327eefe33632469cc"
  "c21229587573c4f7752ce1cc79ca0c6bda08cd79e25720d2d9092ea2ab13f31e9a3af1c6"
  "9fc6379d8e2ad2b87b514c817a087338b7b0736b8954de9223225b40079c92601248c14b"
  "2104901e74f849d9eee9f5636c1dad6031ab477c573197e7eb6ce535d9f0f69183dd9df5"
  "521595e5c9e98d846ce08aa655b70cc0d8041401929690298f645d9112dbb03b189cdb1f"
  "cf4d512f6874b409bf55ee1cc284a05b698b8818f043c2591c9f4aba29cf4259915d6a0b"
  "e71b6b93963c618cbb567838e5eade6500de9ad250083a01eb3eb44c00eecb2b0f874cda"
  "165faa6524ca13d435c938db9469292fe97283c69222107ea2f9efca1b6d41dca5b149b2"
  "a8cc2244a1bc54261cc11742acd27b7f2352c33fb83fe143386479d78d6d5c3e51684b60"
  "a56714182449c94327139b0289b9bde0ae3fef319fe2c605ab5507c894d2c2761a3bd3ea"
  "30f4ba928f9f23303061617e2f042dcf229aff2c9345a6b3cdcf90d3e3bcc3a1110c8561"
  "6bd585c31cde3e69adc12a18bfa5797df0543435a7c874a8acf3786fccba4a6ceaa65e56"
  "66230aa7206ae78eb1b98cb5236508e6357e18cccfaec5693532be4ee38022c48fe94f62"
  "b0293a088bf4d737f48748f23bcb338b58b4d666ad3c64e9ecd07265f971b07af716d4a5"
  "b719c3f5fe35744734cba5430381661e372b6f6510d61b11e4697a1a961589949dba53b5"
  "bc5bdb76fa09324387d799536506182eff7078034b34e1ddd2612b0a40e7f1a294fba869"
  "da2e46c4c36bb08c7e9bef09a94459e8fc2d3cc579d15284df1f19ef77e03041511acc39"
  "bf9ca8ac8de6a0e5eea0bbd4289b6dae38e9e82eb50a0397b3ee6c52fbdc7deea2c37682"
  "5e89016c859b09488548bf76ca62d696df94a61e8f0e13c69ee816ce5aa2768987b0a782"
  "d74c673ec005";

static const char kat_input[] =
  "94459545652595556159552895465561a95955946865651924565515065586a250865484"
  "5255855565a459919655545a11154505845a555156662946692855560558159645455555"
  "4564965904595540586415145680655a6915554554059555454565551896562282442265"
  "65a655656894481559555655915565955a152155986954946a1155a55111641515049156"
  "1115951955555515655409666545454946651a5654959a56554955645621915159455559"
  "5a51529565456525590602";

static const char kat_ciphertext[] =
  "84f327d38929039ef84366ab796a96e6cc268454d5ad8d05410d3e969b6d228b6ced2cba"
  "d7bab3b4b7ee453747d3331d43b21cd2ecc3bf557d696e81773ee69f687fe1f61e63742a"
  "f913a35418575467118409d4ffdbbac5ca062dff3f04d76154d17ec34212debfca967a91"
  "e461f73786d949d6a9765140b9dc7849639a487058f45dda919576090d35e783804ba7b8"
  "b33b5c6a8c1ebb7c39f042696cf9f2b624d26ea5d6d101489e242cc35126b573928b6b8b"
  "f9945269ad22e7da70ccb7dc374f75641978d5f6d5f540a1169eb098570a7cfd65c9257c"
  "4c196f42c6da4f4466d8f11a17c6a75a9bdd45b5ac77a8367b005ed22141a81b995a19e4"
  "dc9e6743b4b45e0329e7a00d3ff90c7a917cdc9ca75a34fffdd9a321751b5c8b2ab9e1ea"
  "037cf45c04b412a97f52e7c6d66508456d9117961257b4f50bb9f500de99b6f061c377d4"
  "4f495d711ab2ed3e88ccf14df10f8c60bd00e29cd83ad160faef2984fac7e897cbb8cda1"
  "44d50e4c1ad20238a2617598da6efe786aa82e0931b0b5d1a7fa024b856353afaedb0a11"
  "50a42da182353ce5a00403bb6b7a13effc14b0fd97e1117302ed8a66faaed88b43b34cfc"
  "73cb33e49a4c34d0bfdee2feadc2b4c8bb1ec41215586fc66550d496373305b99cee254e"
  "ac71d3cdac689a777062acae65b031b5a1a973835be6a4bb061f178531c45de3b33e7763"
  "b483621821e037fe5ef48fd971d8d2befda63250e9b1181d8b8086bed9cda8cde6644cde"
  "8ebf7c1f1038afe798a2a4c492b603b7f4f8805d0fdf19d8274888cebec3043cc9acf024"
  "bd30d8b0d28d311985930110386598775cf84e0848b11e090905a65f56142fc17d257353"
  "6fc51e7d5b2e0ff7b09471155008561156fbaec215031ed0d844eb14d6c609173355fff8"
  "ae22c6e5bccd19b2832e5fbe625c2c0e516e1369d1fcf49a5fdbaf8cf572f04317db8ed7"
  "0ee1605b96d077b4f054c72b139f5bcaa5bb627e39be5bcc97af922c5e70835bd918281b"
  "95e557fc86a43c75980a0d9f0f9162f230014cd867dd07db23260934546c04499d6b8627"
  "b8d5dec73fa45327f84983529baf3aa10e885724fe76055099d136ccaacc159b4ce38784"
  "404cc9b04723910f990af77c64d42a29d784fc897955758f1d2a12bb7c6f6a8e5b94efa7"
  "40f662cf0da2d099c61ee1cc6b661a64f0887b805af53c7b64c4456daf228582c1b2212a"
  "8f718e56df6b72d7efa0c5d26582ce96aefce13cb2830c3fb32e5115aacc20d3a335f7a4"
  "c12e0cd1de532d8d9d42d69bc2d0be0ac7df3b8f416b9a53db261c47272725a8a8829867"
  "8351b42103219092076b6ece744d993388a8f2c475079cb8bc4dc492a4797147c01ea350"
  "8225826f7a3d32bf502b0f4552f36fc9f6fb91e82db1949338b45436ec0ff63b53f900f2"
  "7f8147d420f93d33c83794980e94143fd361f944ddb56d3114ee974c96a155";

static const char kat_secret[] =
  "344ca5e25f6da5ea95e4a695b1c5446eca9859334532e4a9537669f012c743a2";

static void the_published_vector_comes_out(void) {
  unsigned char ct[SFTP_SNTRUP761_CIPHERTEXT_LEN], secret[32];
  unsigned char *pub = t_hex(kat_public, NULL), *in = t_hex(kat_input, NULL);
  unsigned char *want_ct = t_hex(kat_ciphertext, NULL);
  unsigned char *want = t_hex(kat_secret, NULL);
  signed char r[N];
  size_t i;

  for (i = 0; i < N; i++) {
    r[i] = (signed char) ((in[i / 4] >> i % 4 * 2 & 3) - 1);
  }

  sftp_sntrup761_encaps_with(pub, r, ct, secret);
  is_mem(ct, sizeof(ct), want_ct, sizeof(ct), "the ciphertext");
  is_mem(secret, 32, want, 32, "the secret");
  free(pub);
  free(in);
  free(want_ct);
  free(want);
}

static void inputs_are_short_and_shuffled(void) {
  unsigned int plus[N] = { 0 }, minus[N] = { 0 }, rare = 0;
  size_t round, i, good = 0, rounds = 400;

  for (round = 0; round < rounds; round++) {
    signed char r[N];
    size_t weight = 0;

    sftp_sntrup761_short(r);
    for (i = 0; i < N; i++) {
      weight += r[i] != 0;
      plus[i] += r[i] == 1;
      minus[i] += r[i] == -1;
    }

    good += weight == 286;
  }

  is_int(good, rounds, "286 numbers of each input are not 0");
  /* 75 of 400 are expected for each place and sign, with a deviation of 8. */
  for (i = 0; i < N; i++) {
    rare += plus[i] < 20 || minus[i] < 20 || plus[i] > 150 || minus[i] > 150;
  }

  is_int(rare, 0, "every place has both signs about equally often");
}

static void every_public_key_is_survived(void) {
  unsigned char pub[SFTP_SNTRUP761_PUBLIC_LEN];
  unsigned char ct[SFTP_SNTRUP761_CIPHERTEXT_LEN], secret[32], other[32];
  unsigned char *copy;
  unsigned int seed;

  for (seed = 0; seed < 20; seed++) {
    t_fill(pub, sizeof(pub), seed);
    if (seed < 2) {
      memset(pub, seed == 0 ? 0 : 0xff, sizeof(pub));
    }

    copy = t_exact_copy(pub, sizeof(pub));
    sftp_sntrup761_encaps(copy, ct, secret);
    sftp_sntrup761_encaps(copy, ct, other);
    free(copy);
    if (memcmp(secret, other, 32) == 0) {
      break;
    }
  }

  is_int(seed, 20, "any bytes are a key, and every secret is new");
}

int main(void) {
  init_pools();
  if (sftp_crypto_init() != SFTP_OK) {
    bail_out("no libsodium");
  }

  the_published_vector_comes_out();
  inputs_are_short_and_shuffled();
  every_public_key_is_survived();
  sftp_crypto_free();
  free_pools();
  return done_testing();
}
