Feature: 095 The harmonic distortion of a meter's currents

  Scenario Outline: Three phases
    Given the meter "TEST1029000000095" of "<version>" with
      | setting   | value |
      | polyphase | true  |
    When GetThdFingerprint is asked of "TEST1029000000095"
    Then the answer has
      | path                                        | value |
      | ThdFingerprint/ThdInstantaneousCurrentL1    | 317   |
      | ThdFingerprint/ThdInstantaneousCurrentL2    | 517   |
      | ThdFingerprint/ThdInstantaneousCurrentL3    | 717   |
      | ThdFingerprint/ThdCurrentOverLimitCounterL1 | 3136  |
      | ThdFingerprint/ThdCurrentOverLimitCounterL2 | 5136  |
      | ThdFingerprint/ThdCurrentOverLimitCounterL3 | 7136  |
    And the fingerprint of L1 has 15 values from 101, that of L2 from 201, that of L3 from 301

    Examples:
      | version |
      | SMR 5.2 |
      | SMR 5.5 |

  Scenario Outline: One phase
    Given the meter "TEST1029000000095" of "<version>" with
      | setting   | value |
      | polyphase | false |
    When GetThdFingerprint is asked of "TEST1029000000095"
    Then the answer has
      | path                                        | value |
      | ThdFingerprint/ThdInstantaneousCurrentL1    | 317   |
      | ThdFingerprint/ThdCurrentOverLimitCounterL1 | 3136  |
    And the answer has no ThdFingerprint/ThdInstantaneousCurrentL2
    And the answer has no ThdFingerprint/ThdInstantaneousCurrentFingerprintL3
    And the answer has no ThdFingerprint/ThdCurrentOverLimitCounterL2

    Examples:
      | version |
      | SMR 5.2 |
      | SMR 5.5 |

  Scenario Outline: Versions that do not have it
    Given the meter "TEST1024000000095" of "<version>" with
      | setting   | value |
      | polyphase | true  |
    When GetThdFingerprint is asked of "TEST1024000000095"
    Then it ends with fault 416 of PROTOCOL_DLMS because of "No address found for THD_"

    Examples:
      | version    |
      | DSMR 2.2   |
      | DSMR 4.2.2 |
      | SMR 4.3    |
      | SMR 5.0.0  |
      | SMR 5.1    |
