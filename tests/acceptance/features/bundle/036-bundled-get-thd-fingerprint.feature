Feature: 036 Harmonic distortion is read in a bundle

  Scenario Outline: Three phases
    Given the meter "<device>" of "<version>" with
      | setting   | value |
      | polyphase | true  |
    When Bundle is asked of "<device>" with
      | path                               | value |
      | Actions/1/GetThdFingerprintRequest | {}    |
    Then the answer has
      | path                                                                                                      | value |
      | value/1/GetThdFingerprintResponse/ThdFingerprint/ThdInstantaneousCurrentL1                                | 317   |
      | value/1/GetThdFingerprintResponse/ThdFingerprint/ThdInstantaneousCurrentFingerprintL1/FingerprintValue/1  | 101   |
      | value/1/GetThdFingerprintResponse/ThdFingerprint/ThdInstantaneousCurrentFingerprintL1/FingerprintValue/2  | 102   |
      | value/1/GetThdFingerprintResponse/ThdFingerprint/ThdInstantaneousCurrentFingerprintL1/FingerprintValue/3  | 103   |
      | value/1/GetThdFingerprintResponse/ThdFingerprint/ThdInstantaneousCurrentFingerprintL1/FingerprintValue/4  | 104   |
      | value/1/GetThdFingerprintResponse/ThdFingerprint/ThdInstantaneousCurrentFingerprintL1/FingerprintValue/5  | 105   |
      | value/1/GetThdFingerprintResponse/ThdFingerprint/ThdInstantaneousCurrentFingerprintL1/FingerprintValue/6  | 106   |
      | value/1/GetThdFingerprintResponse/ThdFingerprint/ThdInstantaneousCurrentFingerprintL1/FingerprintValue/7  | 107   |
      | value/1/GetThdFingerprintResponse/ThdFingerprint/ThdInstantaneousCurrentFingerprintL1/FingerprintValue/8  | 108   |
      | value/1/GetThdFingerprintResponse/ThdFingerprint/ThdInstantaneousCurrentFingerprintL1/FingerprintValue/9  | 109   |
      | value/1/GetThdFingerprintResponse/ThdFingerprint/ThdInstantaneousCurrentFingerprintL1/FingerprintValue/10 | 110   |
      | value/1/GetThdFingerprintResponse/ThdFingerprint/ThdInstantaneousCurrentFingerprintL1/FingerprintValue/11 | 111   |
      | value/1/GetThdFingerprintResponse/ThdFingerprint/ThdInstantaneousCurrentFingerprintL1/FingerprintValue/12 | 112   |
      | value/1/GetThdFingerprintResponse/ThdFingerprint/ThdInstantaneousCurrentFingerprintL1/FingerprintValue/13 | 113   |
      | value/1/GetThdFingerprintResponse/ThdFingerprint/ThdInstantaneousCurrentFingerprintL1/FingerprintValue/14 | 114   |
      | value/1/GetThdFingerprintResponse/ThdFingerprint/ThdInstantaneousCurrentFingerprintL1/FingerprintValue/15 | 115   |
      | value/1/GetThdFingerprintResponse/ThdFingerprint/ThdCurrentOverLimitCounterL1                             | 3136  |
      | value/1/GetThdFingerprintResponse/ThdFingerprint/ThdInstantaneousCurrentL2                                | 517   |
      | value/1/GetThdFingerprintResponse/ThdFingerprint/ThdInstantaneousCurrentFingerprintL2/FingerprintValue/1  | 201   |
      | value/1/GetThdFingerprintResponse/ThdFingerprint/ThdInstantaneousCurrentFingerprintL2/FingerprintValue/2  | 202   |
      | value/1/GetThdFingerprintResponse/ThdFingerprint/ThdInstantaneousCurrentFingerprintL2/FingerprintValue/3  | 203   |
      | value/1/GetThdFingerprintResponse/ThdFingerprint/ThdInstantaneousCurrentFingerprintL2/FingerprintValue/4  | 204   |
      | value/1/GetThdFingerprintResponse/ThdFingerprint/ThdInstantaneousCurrentFingerprintL2/FingerprintValue/5  | 205   |
      | value/1/GetThdFingerprintResponse/ThdFingerprint/ThdInstantaneousCurrentFingerprintL2/FingerprintValue/6  | 206   |
      | value/1/GetThdFingerprintResponse/ThdFingerprint/ThdInstantaneousCurrentFingerprintL2/FingerprintValue/7  | 207   |
      | value/1/GetThdFingerprintResponse/ThdFingerprint/ThdInstantaneousCurrentFingerprintL2/FingerprintValue/8  | 208   |
      | value/1/GetThdFingerprintResponse/ThdFingerprint/ThdInstantaneousCurrentFingerprintL2/FingerprintValue/9  | 209   |
      | value/1/GetThdFingerprintResponse/ThdFingerprint/ThdInstantaneousCurrentFingerprintL2/FingerprintValue/10 | 210   |
      | value/1/GetThdFingerprintResponse/ThdFingerprint/ThdInstantaneousCurrentFingerprintL2/FingerprintValue/11 | 211   |
      | value/1/GetThdFingerprintResponse/ThdFingerprint/ThdInstantaneousCurrentFingerprintL2/FingerprintValue/12 | 212   |
      | value/1/GetThdFingerprintResponse/ThdFingerprint/ThdInstantaneousCurrentFingerprintL2/FingerprintValue/13 | 213   |
      | value/1/GetThdFingerprintResponse/ThdFingerprint/ThdInstantaneousCurrentFingerprintL2/FingerprintValue/14 | 214   |
      | value/1/GetThdFingerprintResponse/ThdFingerprint/ThdInstantaneousCurrentFingerprintL2/FingerprintValue/15 | 215   |
      | value/1/GetThdFingerprintResponse/ThdFingerprint/ThdCurrentOverLimitCounterL2                             | 5136  |
      | value/1/GetThdFingerprintResponse/ThdFingerprint/ThdInstantaneousCurrentL3                                | 717   |
      | value/1/GetThdFingerprintResponse/ThdFingerprint/ThdInstantaneousCurrentFingerprintL3/FingerprintValue/1  | 301   |
      | value/1/GetThdFingerprintResponse/ThdFingerprint/ThdInstantaneousCurrentFingerprintL3/FingerprintValue/2  | 302   |
      | value/1/GetThdFingerprintResponse/ThdFingerprint/ThdInstantaneousCurrentFingerprintL3/FingerprintValue/3  | 303   |
      | value/1/GetThdFingerprintResponse/ThdFingerprint/ThdInstantaneousCurrentFingerprintL3/FingerprintValue/4  | 304   |
      | value/1/GetThdFingerprintResponse/ThdFingerprint/ThdInstantaneousCurrentFingerprintL3/FingerprintValue/5  | 305   |
      | value/1/GetThdFingerprintResponse/ThdFingerprint/ThdInstantaneousCurrentFingerprintL3/FingerprintValue/6  | 306   |
      | value/1/GetThdFingerprintResponse/ThdFingerprint/ThdInstantaneousCurrentFingerprintL3/FingerprintValue/7  | 307   |
      | value/1/GetThdFingerprintResponse/ThdFingerprint/ThdInstantaneousCurrentFingerprintL3/FingerprintValue/8  | 308   |
      | value/1/GetThdFingerprintResponse/ThdFingerprint/ThdInstantaneousCurrentFingerprintL3/FingerprintValue/9  | 309   |
      | value/1/GetThdFingerprintResponse/ThdFingerprint/ThdInstantaneousCurrentFingerprintL3/FingerprintValue/10 | 310   |
      | value/1/GetThdFingerprintResponse/ThdFingerprint/ThdInstantaneousCurrentFingerprintL3/FingerprintValue/11 | 311   |
      | value/1/GetThdFingerprintResponse/ThdFingerprint/ThdInstantaneousCurrentFingerprintL3/FingerprintValue/12 | 312   |
      | value/1/GetThdFingerprintResponse/ThdFingerprint/ThdInstantaneousCurrentFingerprintL3/FingerprintValue/13 | 313   |
      | value/1/GetThdFingerprintResponse/ThdFingerprint/ThdInstantaneousCurrentFingerprintL3/FingerprintValue/14 | 314   |
      | value/1/GetThdFingerprintResponse/ThdFingerprint/ThdInstantaneousCurrentFingerprintL3/FingerprintValue/15 | 315   |
      | value/1/GetThdFingerprintResponse/ThdFingerprint/ThdCurrentOverLimitCounterL3                             | 7136  |

    Examples:
      | version | device            |
      | SMR 5.2 | TEST1029000000001 |
      | SMR 5.5 | TEST1030000000001 |

  Scenario Outline: One phase
    Given the meter "<device>" of "<version>" with
      | setting   | value |
      | polyphase | false |
    When Bundle is asked of "<device>" with
      | path                               | value |
      | Actions/1/GetThdFingerprintRequest | {}    |
    Then the answer has
      | path                                                                                                      | value |
      | value/1/GetThdFingerprintResponse/ThdFingerprint/ThdInstantaneousCurrentL1                                | 317   |
      | value/1/GetThdFingerprintResponse/ThdFingerprint/ThdInstantaneousCurrentFingerprintL1/FingerprintValue/1  | 101   |
      | value/1/GetThdFingerprintResponse/ThdFingerprint/ThdInstantaneousCurrentFingerprintL1/FingerprintValue/2  | 102   |
      | value/1/GetThdFingerprintResponse/ThdFingerprint/ThdInstantaneousCurrentFingerprintL1/FingerprintValue/3  | 103   |
      | value/1/GetThdFingerprintResponse/ThdFingerprint/ThdInstantaneousCurrentFingerprintL1/FingerprintValue/4  | 104   |
      | value/1/GetThdFingerprintResponse/ThdFingerprint/ThdInstantaneousCurrentFingerprintL1/FingerprintValue/5  | 105   |
      | value/1/GetThdFingerprintResponse/ThdFingerprint/ThdInstantaneousCurrentFingerprintL1/FingerprintValue/6  | 106   |
      | value/1/GetThdFingerprintResponse/ThdFingerprint/ThdInstantaneousCurrentFingerprintL1/FingerprintValue/7  | 107   |
      | value/1/GetThdFingerprintResponse/ThdFingerprint/ThdInstantaneousCurrentFingerprintL1/FingerprintValue/8  | 108   |
      | value/1/GetThdFingerprintResponse/ThdFingerprint/ThdInstantaneousCurrentFingerprintL1/FingerprintValue/9  | 109   |
      | value/1/GetThdFingerprintResponse/ThdFingerprint/ThdInstantaneousCurrentFingerprintL1/FingerprintValue/10 | 110   |
      | value/1/GetThdFingerprintResponse/ThdFingerprint/ThdInstantaneousCurrentFingerprintL1/FingerprintValue/11 | 111   |
      | value/1/GetThdFingerprintResponse/ThdFingerprint/ThdInstantaneousCurrentFingerprintL1/FingerprintValue/12 | 112   |
      | value/1/GetThdFingerprintResponse/ThdFingerprint/ThdInstantaneousCurrentFingerprintL1/FingerprintValue/13 | 113   |
      | value/1/GetThdFingerprintResponse/ThdFingerprint/ThdInstantaneousCurrentFingerprintL1/FingerprintValue/14 | 114   |
      | value/1/GetThdFingerprintResponse/ThdFingerprint/ThdInstantaneousCurrentFingerprintL1/FingerprintValue/15 | 115   |
      | value/1/GetThdFingerprintResponse/ThdFingerprint/ThdCurrentOverLimitCounterL1                             | 3136  |
    And the answer has no value/1/GetThdFingerprintResponse/ThdFingerprint/ThdInstantaneousCurrentL2

    Examples:
      | version | device            |
      | SMR 5.2 | TEST1029000000001 |
      | SMR 5.5 | TEST1030000000001 |

  Scenario Outline: Versions that do not measure it
    Given the meter "<device>" of "<version>"
    When Bundle is asked of "<device>" with
      | path                               | value |
      | Actions/1/GetThdFingerprintRequest | {}    |
    Then the fault of answer 1 tells "Error handling request with GetThdFingerprintCommandExecutor: No address found for THD_INSTANTANEOUS_CURRENT_L1 in protocol <version>"

    Examples:
      | version    | device            |
      | DSMR 2.2   | TEST1026000000001 |
      | DSMR 4.2.2 | TEST1024000000001 |
      | SMR 4.3    | TEST1031000000001 |
      | SMR 5.0.0  | TEST1027000000001 |
      | SMR 5.1    | TEST1028000000001 |
